//! Errors about a checkpoint's files and tensors.

use std::fmt::Display;

use crate::error::{Code, Error, shortened};

/// Longest part of a message, in characters.
const MAX_SHOWN: usize = 500;

/// An error about one tensor.
pub fn invalid(name: &str, expected: impl Display, got: impl Display) -> Error {
    let what = format!("tensor {}", shortened(name, MAX_SHOWN));
    Error::new(Code::Checkpoint, what, expected, shortened(got, MAX_SHOWN))
}

/// An error about a file that is not a safetensors file, or not a complete one.
pub fn broken(file: &str, expected: impl Display, got: impl Display) -> Error {
    Error::new(
        Code::Checkpoint,
        file,
        shortened(expected, MAX_SHOWN),
        shortened(got, MAX_SHOWN),
    )
}
