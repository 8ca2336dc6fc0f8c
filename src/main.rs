//! The command line over [`pathpatch::session`]: `pathpatch sweep` and `pathpatch inspect`.
//!
//! Errors are one line on stderr; the exit status is 2 for bad input, 1 for a failed device or disk.

#[cfg(not(target_family = "wasm"))]
mod cli;

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    cli::main()
}

/// In the browser the library's exports are the program.
#[cfg(target_family = "wasm")]
fn main() {}
