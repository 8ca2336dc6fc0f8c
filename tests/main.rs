//! All tests of the library and the command line; a module a subject.

mod checkpoints;
mod cli;
mod common;
mod config;
mod demo;
mod details;
mod downloads;
mod estimates;
mod goldens;
mod graph;
mod graph_cli;
mod invariants;
mod oracle;
mod parity;
mod parts;
mod prompts;
mod questions;
mod shortcuts;
mod tokenizers;
mod transformers;
