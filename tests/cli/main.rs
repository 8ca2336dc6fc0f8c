//! The command line as a user runs it: what it prints, and what it says of bad input.

mod commands;
#[path = "../common/fixtures.rs"]
mod common;
#[path = "../common/goldens.rs"]
mod goldens;
mod graph;
mod questions;
