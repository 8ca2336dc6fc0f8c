//! The command line over [`pathpatch::session`]: `pathpatch sweep`, `pathpatch graph` and `pathpatch inspect`.
//!
//! Errors are one line on stderr; the exit status is 2 for bad input, 1 for a failed device or disk.

mod allocator;
mod args;
mod commands;
mod graph;
mod model;
mod output;
mod report;

pub use allocator::keep_freed_memory;
pub use commands::main;
