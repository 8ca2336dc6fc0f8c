//! Where a model's files are: kept in this browser, picked from a disk, or on a server.

use std::collections::HashMap;

use web_sys::{AbortSignal, Blob, js_sys::Function};

use super::{
    check_signal,
    download::download,
    progress::{From, Progress},
    store::{Folder, read_part},
};
use crate::{
    checkpoint::FileLoader,
    error::{Error, Result},
};

/// Bytes that are read at once of a kept or picked file.
pub const CHUNK: u32 = 4 << 20;

/// What takes the bytes of a file.
pub trait Sink {
    fn push(&mut self, bytes: &[u8]) -> Result<()>;
}

impl Sink for Vec<u8> {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

impl Sink for FileLoader<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<()> {
        FileLoader::push(self, bytes)
    }
}

/// Why a file was not read to its end.
pub enum Stop {
    Failed(Error),
    /// The connection was lost for good: what came may be the beginning of another try.
    Lost(Error),
    /// It became another file on the way: all has to begin anew.
    Changed,
}

impl std::convert::From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A file on a server.
#[derive(Debug, Clone)]
pub struct Remote {
    pub url: String,
    pub size: Option<u64>,
    pub sha256: Option<String>,
}

/// The files on a server.
pub enum Files {
    /// All of them, by their names.
    Known(HashMap<String, Remote>),
    /// Whatever is under an address.
    Under(String),
}

impl Files {
    /// Where a file is; `None` where there is known to be no such file.
    pub fn find(&self, name: &str) -> Option<Remote> {
        match self {
            Self::Known(files) => files.get(name).cloned(),
            Self::Under(base) => Some(Remote {
                url: format!("{}/{name}", base.trim_end_matches('/')),
                size: None,
                sha256: None,
            }),
        }
    }
}

/// Where the files of one model are.
pub enum Place {
    Kept(Folder),
    Picked(HashMap<String, Blob>),
    /// On a server, and what comes from there is kept where there is a folder.
    Server(Files, Option<Folder>),
}

/// Who is told, and who may stop it.
pub struct Watcher<'a> {
    pub on_progress: &'a Function,
    pub signal: &'a AbortSignal,
}

impl Place {
    /// All bytes of a file; `None` where there is no such file.
    pub async fn read(
        &mut self,
        name: &str,
        watcher: &Watcher<'_>,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let mut bytes = Vec::new();
        let is_there = self.push(name, &mut bytes, watcher).await?;
        Ok(is_there.then_some(bytes))
    }

    /// Push the bytes of a file; false where there is no such file.
    pub async fn push(
        &mut self,
        name: &str,
        sink: &mut dyn Sink,
        watcher: &Watcher<'_>,
    ) -> Result<bool, Stop> {
        let (blob, from) = match self {
            Self::Kept(folder) => (folder.blob(name).await?, From::Store),
            Self::Picked(files) => (files.get(name).cloned(), From::Disk),
            Self::Server(files, folder) => {
                let Some(remote) = files.find(name) else {
                    return Ok(false);
                };
                return download(name, &remote, folder.as_mut(), sink, watcher).await;
            }
        };
        let Some(blob) = blob else {
            return Ok(false);
        };
        let progress = Progress::new(name, from, Some(blob.size() as u64), watcher.on_progress);
        let mut at = 0.0;
        while at < blob.size() {
            let to = (at + f64::from(CHUNK)).min(blob.size());
            let bytes = read_part(&blob, at, to).await?;
            check_signal(watcher.signal, name)?;
            sink.push(&bytes.to_vec())?;
            progress.add(bytes.length() as usize)?;
            at = to;
        }
        progress.done()?;
        Ok(true)
    }
}
