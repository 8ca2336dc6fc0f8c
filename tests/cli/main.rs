//! The command line as a user runs it: its output, and its errors for bad input.

mod commands;
#[path = "../common/fixtures.rs"]
mod common;
#[path = "../common/goldens.rs"]
mod goldens;
mod graph;
#[path = "../oracle.rs"]
#[expect(dead_code, reason = "the library's tests use all of it")]
mod oracle;
mod questions;
