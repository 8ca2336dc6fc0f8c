//! Where a model's files are: kept in this browser, picked from a disk, or on a server.

use std::collections::HashMap;

use web_sys::Blob;

use crate::{
    bounded::{Bounded, Limit},
    cancel::check_signal,
    download::{Cache, download},
    http::{Answer, WEB_PAGE},
    progress::{Origin, Progress},
    source::Files,
    store::{Folder, PassedOver, read_part},
    transfer::{CHUNK, Sink, Stop, Watcher},
};
use pathpatch::{
    checkpoint::explain_missing,
    error::{Code, Error, Result},
};

/// Files of a tokenizer that a model can be read without, if its server lists one and then refuses it.
const SPECIAL: [&str; 2] = ["special_tokens_map.json", "tokenizer_config.json"];

/// Where the files of one model are.
pub enum Place {
    Kept(Folder),
    Picked(HashMap<String, Blob>),
    /// On a server; what is downloaded is kept if possible.
    Server(Files, Cache),
}

impl Place {
    /// All bytes of a file; `None` where there is no such file.
    pub async fn read(
        &mut self,
        name: &str,
        watcher: &Watcher<'_>,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let mut bytes = Bounded::new(name, Limit::of(name));
        Ok(match self.push(name, &mut bytes, watcher).await? {
            Answer::There(()) => Some(bytes.into_bytes()),
            Answer::Absent(_) => None,
        })
    }

    /// All bytes of a file that must be there.
    pub async fn require(&mut self, name: &str, watcher: &Watcher<'_>) -> Result<Vec<u8>, Stop> {
        let mut bytes = Bounded::new(name, Limit::of(name));
        match self.push(name, &mut bytes, watcher).await? {
            Answer::There(()) => Ok(bytes.into_bytes()),
            Answer::Absent(got) => Err(self.lacks(name, &got)),
        }
    }

    /// Push the bytes of a file, or return what the server has in its place.
    pub async fn push(
        &mut self,
        name: &str,
        sink: &mut dyn Sink,
        watcher: &Watcher<'_>,
    ) -> Result<Answer<()>, Stop> {
        let (blob, from) = match self {
            Self::Kept(folder) if folder.has(name) => {
                let blob = folder.blob(name).await.map_err(Stop::Unreadable)?;
                let gone = || {
                    let expected = "a file that was kept";
                    let got = "none: the browser has deleted it";
                    Stop::Unreadable(Error::new(Code::Io, name, expected, got))
                };
                (Some(blob.ok_or_else(gone)?), Origin::Store)
            }
            Self::Kept(_) => (None, Origin::Store),
            Self::Picked(files) => (files.get(name).cloned(), Origin::Disk),
            Self::Server(files, cache) => {
                let Some(remote) = files.find(name) else {
                    return Ok(Answer::Absent("none of that name in its list".into()));
                };
                let answer = download(name, &remote, cache, sink, watcher).await?;
                return match (answer, files) {
                    (Answer::Absent(got), Files::Known(_)) if SPECIAL.contains(&name) => {
                        cache.pass_over(name, &got);
                        Ok(Answer::Absent(got))
                    }
                    // It is there, and the reader of prompts would miss it.
                    (Answer::Absent(got), Files::Known(_)) => Err(self.lacks(name, &got)),
                    (answer, _) => Ok(answer),
                };
            }
        };
        let Some(blob) = blob else {
            return Ok(Answer::Absent("none of that name".into()));
        };
        let total = Some(blob.size() as u64);
        let progress = Progress::new(name, from, total, watcher.on_progress);
        let mut at = 0.0;
        while at < blob.size() {
            let to = (at + f64::from(CHUNK)).min(blob.size());
            let bytes = read_part(&blob, at, to).await.map_err(|error| match from {
                Origin::Store => Stop::Unreadable(error),
                _ => Stop::Failed(error),
            })?;
            check_signal(watcher.signal, name)?;
            sink.push(&bytes.to_vec())?;
            progress.add(bytes.length() as usize)?;
            at = to;
        }
        progress.done()?;
        Ok(Answer::There(()))
    }

    /// Files that the model is read without, though they may be there.
    pub fn passed_over(&self) -> &[PassedOver] {
        match self {
            Self::Kept(folder) => &folder.entry.passed_over,
            Self::Picked(_) => &[],
            Self::Server(_, cache) => &cache.passed_over,
        }
    }

    /// What is kept, where anything is.
    pub fn folder(&mut self) -> Option<&mut Folder> {
        match self {
            Self::Kept(folder) => Some(folder),
            Self::Picked(_) => None,
            Self::Server(_, cache) => cache.folder().ok(),
        }
    }

    /// The error for a file that must be there and is not.
    pub fn lacks(&self, name: &str, got: &str) -> Stop {
        match self {
            Self::Kept(_) => {
                let (expected, got) = ("it among what is kept", "none of that name");
                Stop::Unreadable(Error::new(Code::Io, name, expected, got))
            }
            _ => Stop::Failed(self.explain_lack(name, got)),
        }
    }

    /// The names of all files that are there, in order, where they are known.
    pub fn names(&self) -> Option<Vec<String>> {
        let mut names = match self {
            Self::Kept(_) => None,
            Self::Picked(files) => Some(files.keys().cloned().collect()),
            Self::Server(files, _) => files.names(),
        }?;
        names.sort_unstable();
        Some(names)
    }

    fn explain_lack(&self, name: &str, got: &str) -> Error {
        if let Some(names) = self.names()
            && !names.iter().any(|file| file == name)
        {
            return explain_missing(&names);
        }
        let remote = match self {
            Self::Server(files, _) => files.find(name),
            _ => None,
        };
        let what = remote.map_or_else(|| name.to_string(), |remote| remote.url);
        let advice = match got {
            WEB_PAGE => " in its place: is the address right, and is the file there?",
            _ if got.starts_with("status 401") || got.starts_with("status 403") => {
                ": it is private, gated or not there"
            }
            _ => "",
        };
        let expected = format!("a file {name}");
        Error::new(Code::Io, what, expected, format!("{got}{advice}"))
    }
}
