//! All tests of the library, one module per subject.

mod checkpoints;
mod common;
mod config;
mod demo;
mod details;
mod downloads;
mod estimates;
mod goldens;
mod graph;
mod invariants;
mod metrics;
mod oracle;
mod parity;
mod parts;
mod predictions;
mod prompts;
mod shortcuts;
mod tokenizers;
mod transformers;
mod workers;
