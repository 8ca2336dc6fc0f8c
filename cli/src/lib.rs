//! The command line over [`pathpatch::session`]: `pathpatch sweep`, `pathpatch graph` and `pathpatch inspect`.
//!
//! Errors are one line on stderr; the exit status is 2 for bad input, 1 for a failed device or disk.

mod args;
mod commands;
mod graph;
mod model;
mod output;
mod process;
mod report;

pub use commands::main;
pub use process::set_up_process;
