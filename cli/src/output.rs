//! What every command prints and writes: warnings, a progress bar, a file or standard output.

use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pathpatch::{
    error::{Code, Error, Result, Warning},
    patching::Progress,
};

/// Open a file that will be written. What is in it stays until there is a result.
pub fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).open(path);
    file.map_err(|e| io_error(path.display(), e))
}

/// Make bytes the content of a file that was opened, or send them on where that is a pipe; to standard output where
/// there is none.
pub fn write(out: Option<(&PathBuf, File)>, bytes: &[u8]) -> Result<()> {
    let replace = |mut file: File| {
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        file.write_all(bytes)
    };
    match out {
        Some((path, file)) => replace(file).map_err(|e| io_error(path.display(), e)),
        None => {
            let written = io::stdout().write_all(bytes);
            written.map_err(|e| io_error("standard output", e))
        }
    }
}

/// Print each warning as one line on standard error.
pub fn warn(warnings: &[Warning]) {
    for warning in warnings {
        eprintln!("warning: {}", warning.to_string().replace('\n', " "));
    }
}

pub fn io_error(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Error {
    Error::new(Code::Io, what, "a file that can be used", error)
}

/// Move a bar to where the work is.
pub fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total as u64);
    bar.set_position(progress.done as u64);
}

/// Edges done, rate and time left, on a terminal; silent elsewhere.
pub fn progress_bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{bar:40} {pos}/{len} edges, {per_sec}, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
