//! Which model is meant, and which files that is: of the Hugging Face Hub, under an address, or picked.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, File,
    js_sys::{Array, Reflect},
};

use super::{
    download::read_remote,
    http,
    place::{Files, Remote, Stop, Watcher},
    store::Store,
};
use crate::{
    checkpoint::{INDEX, WEIGHTS},
    error::{Code, Error, Result},
    tokenizer,
};

/// The files that a model may have, but for those that an index names.
const NAMES: [&str; 8] = [
    "config.json",
    tokenizer::FILES[0],
    tokenizer::FILES[1],
    tokenizer::FILES[2],
    tokenizer::FILES[3],
    tokenizer::FILES[4],
    tokenizer::FILES[5],
    WEIGHTS,
];

/// What to load.
pub enum Source {
    /// A repository of the Hub, or of a server that speaks as it does.
    Hub {
        hub: String,
        repo: String,
        revision: String,
    },
    /// A directory on a server.
    Url(String),
    /// Files of a reader's disk, by their names.
    Files(HashMap<String, Blob>),
}

#[derive(Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum JsSource {
    Hub {
        hub: String,
        repo: String,
        revision: String,
    },
    Url {
        base_url: String,
    },
}

/// A file that will be downloaded.
#[derive(Debug, Serialize)]
pub struct Planned {
    pub name: String,
    pub bytes: Option<u64>,
}

/// Where a source's files are, as its server tells.
pub struct Listing {
    pub files: Files,
    /// The revision by its full name, where there is one.
    pub revision: Option<String>,
}

/// A repository as the Hub's API describes it.
#[derive(Deserialize)]
struct Repository {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
}

impl Source {
    /// Read the argument of `load`.
    ///
    /// # Errors
    /// [`Code::Option`].
    pub fn from_js(value: JsValue) -> Result<Self> {
        let invalid = |e: &dyn std::fmt::Display| {
            let expected = "a repository, an address, or files";
            Error::new(Code::Option, "model", expected, e)
        };
        let files = Reflect::get(&value, &"files".into()).ok();
        if let Some(files) = files.filter(JsValue::is_object) {
            let files = Array::from(&files).to_vec().into_iter().map(|file| {
                let file: File = file.dyn_into().map_err(|_| invalid(&"something else"))?;
                Ok((file.name(), file.into()))
            });
            return Ok(Self::Files(files.collect::<Result<_>>()?));
        }
        let source = serde_wasm_bindgen::from_value(value).map_err(|e| invalid(&e))?;
        Ok(match source {
            JsSource::Url { base_url } => Self::Url(base_url),
            JsSource::Hub {
                hub,
                repo,
                revision,
            } => Self::Hub {
                hub: hub.trim_end_matches('/').to_string(),
                repo,
                revision,
            },
        })
    }

    /// What people call it.
    pub fn title(&self) -> String {
        match self {
            Self::Hub { repo, .. } => repo.clone(),
            Self::Url(url) => url.clone(),
            Self::Files(_) => "files of your own".into(),
        }
    }

    /// The name that it is kept under; `None` for files, which are at hand anyway.
    pub fn id(&self) -> Option<String> {
        let whole = match self {
            Self::Hub {
                hub,
                repo,
                revision,
            } => format!("{hub} {repo} {revision}"),
            Self::Url(url) => url.clone(),
            Self::Files(_) => return None,
        };
        Some(Store::id_of(&self.title(), &whole))
    }

    /// Ask the server which files there are.
    ///
    /// # Errors
    /// [`Code::Io`], with what the Hub has instead of what is needed.
    pub async fn list(&self, watcher: &Watcher<'_>) -> Result<Listing, Stop> {
        let Self::Hub {
            hub,
            repo,
            revision,
        } = self
        else {
            let base = match self {
                Self::Url(url) => url.clone(),
                _ => String::new(),
            };
            return Ok(Listing {
                files: Files::Under(base),
                revision: None,
            });
        };
        let url = format!("{hub}/api/models/{repo}/revision/{revision}?blobs=true");
        let what = format!("{repo} at {revision}");
        let json = read_remote("the list of files", &url, watcher).await?;
        let json = json.ok_or_else(|| {
            let expected = format!("a public repository with that revision on {hub}");
            Error::new(Code::Io, &what, expected, "none of that name")
        })?;
        let found: Repository = serde_json::from_slice(&json).map_err(|e| {
            let expected = "a repository's list of files";
            Error::new(Code::Io, &url, expected, e)
        })?;
        let has = |name: &str| found.siblings.iter().any(|file| file.rfilename == name);
        let got = match (has("config.json"), has(WEIGHTS) || has(INDEX)) {
            (true, true) => None,
            (false, _) => Some("none: it is not a model for transformers"),
            (_, false) if has("pytorch_model.bin") => Some("pytorch_model.bin only"),
            (_, false) => Some("no weights in this format"),
        };
        if let Some(got) = got {
            let expected = format!("config.json and {WEIGHTS}");
            return Err(Error::new(Code::Io, what, expected, got).into());
        }
        let sha = found.sha;
        let files = found.siblings.into_iter().map(|file| {
            let name = file.rfilename;
            let remote = Remote {
                url: format!("{hub}/{repo}/resolve/{sha}/{name}"),
                size: file.size,
                sha256: file.lfs.map(|lfs| lfs.sha256),
            };
            (name, remote)
        });
        Ok(Listing {
            files: Files::Known(files.collect()),
            revision: Some(sha.clone()),
        })
    }
}

impl Listing {
    /// What a load will download, in its order.
    ///
    /// # Errors
    /// [`Code::Io`] when the server cannot be asked.
    pub async fn plan(&self, watcher: &Watcher<'_>) -> Result<Vec<Planned>, Stop> {
        let mut planned = Vec::new();
        for name in NAMES {
            if let Some(bytes) = self.size_of(name, watcher).await? {
                planned.push(Planned {
                    name: name.into(),
                    bytes,
                });
            }
        }
        let has = |planned: &[Planned], name| planned.iter().any(|file| file.name == name);
        if has(&planned, "tokenizer.json") {
            planned.retain(|file| tokenizer::is_needed(&file.name, true));
        }
        if let (false, Files::Known(files)) = (has(&planned, WEIGHTS), &self.files) {
            let is_shard =
                |name: &str| name.starts_with("model-") && name.ends_with(".safetensors");
            let mut shards: Vec<_> = files.iter().filter(|(name, _)| is_shard(name)).collect();
            shards.sort_by_key(|(name, _)| *name);
            planned.extend(shards.into_iter().map(|(name, remote)| Planned {
                name: name.clone(),
                bytes: remote.size,
            }));
        }
        Ok(planned)
    }

    /// A file's size, where it is known; `None` where there is no such file.
    async fn size_of(
        &self,
        name: &str,
        watcher: &Watcher<'_>,
    ) -> Result<Option<Option<u64>>, Stop> {
        let Some(remote) = self.files.find(name) else {
            return Ok(None);
        };
        if let Files::Known(_) = self.files {
            return Ok(Some(remote.size));
        }
        match http::head(&remote.url, watcher.signal).await {
            Ok(head) => Ok(head.map(|head| head.size)),
            Err(http::Failure::Final(error)) => Err(error.into()),
            Err(_) => {
                let (expected, got) = ("an answer", "none; check the connection");
                Err(Error::new(Code::Io, remote.url, expected, got).into())
            }
        }
    }
}
