//! All tests of the library and the command line, one module per subject.

mod checkpoints;
mod cli;
mod common;
mod config;
mod demo;
mod details;
mod downloads;
mod goldens;
mod invariants;
mod metrics;
mod oracle;
mod parity;
mod parts;
mod prompts;
mod questions;
mod shortcuts;
mod tokenizers;
mod transformers;
