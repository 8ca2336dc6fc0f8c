//! All tests of the library and the command line; a module a subject.

mod checkpoints;
mod cli;
mod common;
mod config;
mod demo;
mod details;
mod headers;
mod invariants;
mod oracle;
mod parity;
mod prompts;
mod shortcuts;
mod transformers;
