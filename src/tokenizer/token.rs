//! A token as people read it.

use serde::Serialize;

/// A token with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// The text it stands for, leading space included.
    pub text: String,
}
