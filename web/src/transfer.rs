//! Types that all code which moves a model's bytes shares: who takes them, who is told, and why it may stop.

use web_sys::{AbortSignal, js_sys::Function};

use pathpatch::{
    checkpoint::FileLoader,
    error::{Error, Result},
};

/// How many bytes of a kept or picked file are read at once.
pub const CHUNK: u32 = 4 << 20;

/// What takes the bytes of a file.
pub trait Sink {
    fn push(&mut self, bytes: &[u8]) -> Result<()>;
}

impl Sink for FileLoader<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        FileLoader::push(self, bytes)
    }
}

/// Who is told, and who may stop it.
pub struct Watcher<'a> {
    pub on_progress: &'a Function,
    pub signal: &'a AbortSignal,
}

/// Why a model was not read to its end.
pub enum Stop {
    Failed(Error),
    /// A file is not the one that was begun or kept. It has been deleted, and a second try may get the right one.
    Changed(Error),
    /// What is kept cannot be read; a server may have it still.
    Unreadable(Error),
}

impl Stop {
    pub fn error(self) -> Error {
        match self {
            Self::Failed(error) | Self::Changed(error) | Self::Unreadable(error) => error,
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A file on a server.
#[derive(Debug, Clone)]
pub struct Remote {
    pub url: String,
    /// Its bytes, where the server lists them.
    pub size: Option<u64>,
    pub sha256: Option<String>,
    /// Whether the address is that of one version for good, as a commit's is.
    pub is_fixed: bool,
    /// Where the file may be missing: a file that its server has.
    pub beside: Option<String>,
}
