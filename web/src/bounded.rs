//! Files that are read into memory as a whole, each up to a limit far above what such a file has.

use crate::transfer::Sink;
use pathpatch::{
    checkpoint::INDEX,
    error::{Code, Error, Result},
};

/// The most bytes that are read of a file, and the code of the error for a larger one.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    bytes: usize,
    code: Code,
}

/// The limit of a server's list of files.
pub const LIST: Limit = Limit {
    bytes: 64 << 20,
    code: Code::Io,
};

impl Limit {
    /// The limit of a model's file that is not its weights.
    pub fn of(name: &str) -> Self {
        let (megabytes, code) = match name {
            "config.json" => (1, Code::Config),
            INDEX => (16, Code::Checkpoint),
            _ => (64, Code::Tokenizer),
        };
        let bytes = megabytes << 20;
        Self { bytes, code }
    }
}

/// A file's bytes, up to a limit.
pub struct Bounded<'a> {
    name: &'a str,
    limit: Limit,
    bytes: Vec<u8>,
}

impl<'a> Bounded<'a> {
    pub fn new(name: &'a str, limit: Limit) -> Self {
        Self {
            name,
            limit,
            bytes: Vec::new(),
        }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Sink for Bounded<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let Limit { bytes: limit, code } = self.limit;
        if bytes.len() > limit - self.bytes.len() {
            let expected = format!("at most {} MB", limit >> 20);
            let got = "more: it is another file than its name says";
            return Err(Error::new(code, self.name, expected, got));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}
