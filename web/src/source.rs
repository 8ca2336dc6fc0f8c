//! Which model is meant and which files it has: on the Hugging Face Hub, under an address, or picked from a disk.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, File,
    js_sys::{Array, Reflect},
};

use crate::{
    bounded::LIST,
    download::read_remote,
    headers::{encode_path, encode_segment},
    http::{self, Answer, Failure},
    progress::{Origin, Progress},
    store::Store,
    transfer::{Remote, Stop, Watcher},
};
use pathpatch::{
    checkpoint::{self, INDEX, WEIGHTS},
    error::{Code, Error, Result},
    tokenizer,
};

/// The files that a model may have, apart from those that an index names.
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
    /// A repository of the Hub, or of a server with the same API.
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

/// The files on a server.
pub enum Files {
    /// A known list, by their names.
    Known(HashMap<String, Remote>),
    /// Unknown ones: whatever is under an address.
    Under(String),
}

impl Files {
    /// Where a file is; `None` where there is known to be no such file.
    pub fn find(&self, name: &str) -> Option<Remote> {
        match self {
            Self::Known(files) => files.get(name).cloned(),
            Self::Under(base) => {
                let url = |name| format!("{}/{}", base.trim_end_matches('/'), encode_path(name));
                let may_lack = name == WEIGHTS || tokenizer::FILES.contains(&name);
                Some(Remote {
                    url: url(name),
                    size: None,
                    sha256: None,
                    is_fixed: false,
                    beside: may_lack.then(|| url("config.json")),
                })
            }
        }
    }

    /// The names of all files, where they are known.
    pub fn names(&self) -> Option<Vec<String>> {
        match self {
            Self::Known(files) => Some(files.keys().cloned().collect()),
            Self::Under(_) => None,
        }
    }
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
        let named = encode_segment(revision);
        let url = format!(
            "{hub}/api/models/{}/revision/{named}?blobs=true",
            encode_path(repo)
        );
        let what = format!("{repo} at {revision}");
        let json = match read_remote("the list of files", &url, LIST, watcher).await? {
            Answer::There(json) => json,
            Answer::Absent(got) => {
                let expected = format!("a public repository with that revision on {hub}");
                let got = format!("{got}: it is private, gated or not there");
                return Err(Error::new(Code::Io, &what, expected, got).into());
            }
        };
        let found: Repository = serde_json::from_slice(&json).map_err(|e| {
            let expected = "a repository's list of files";
            Error::new(Code::Io, &url, expected, e)
        })?;
        let names: Vec<_> = found
            .siblings
            .iter()
            .map(|file| file.rfilename.clone())
            .collect();
        let has = |name: &str| names.iter().any(|file| file == name);
        if !has("config.json") || !(has(WEIGHTS) || has(INDEX)) {
            let error = checkpoint::explain_missing(&names);
            let what = format!("{what}: {}", error.what);
            return Err(Error { what, ..error }.into());
        }
        let sha = found.sha;
        let files = found.siblings.into_iter().map(|file| {
            let name = file.rfilename;
            let remote = Remote {
                url: format!(
                    "{hub}/{}/resolve/{}/{}",
                    encode_path(repo),
                    encode_segment(&sha),
                    encode_path(&name)
                ),
                size: file.size,
                sha256: file.lfs.map(|lfs| lfs.sha256),
                is_fixed: true,
                beside: None,
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
        if let Files::Known(_) = self.files {
            return Ok(self.plan_of_known());
        }
        let mut planned = Vec::new();
        for name in NAMES {
            if let Some(bytes) = self.size_of(name, watcher).await? {
                planned.push(Planned {
                    name: name.into(),
                    bytes,
                });
            }
        }
        Ok(needed(planned))
    }

    /// The same where the server lists its files.
    pub fn plan_of_known(&self) -> Vec<Planned> {
        let Files::Known(files) = &self.files else {
            return Vec::new();
        };
        let planned = |name: &String| Planned {
            name: name.clone(),
            bytes: files.get(name).and_then(|remote| remote.size),
        };
        let names = NAMES.map(String::from);
        let mut plan: Vec<_> = names
            .iter()
            .filter(|name| files.contains_key(*name))
            .map(planned)
            .collect();
        if !files.contains_key(WEIGHTS) {
            let is_shard =
                |name: &&String| name.starts_with("model-") && name.ends_with(".safetensors");
            let mut shards: Vec<_> = files.keys().filter(is_shard).collect();
            shards.sort();
            plan.extend(shards.into_iter().map(planned));
        }
        needed(plan)
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
        let is_required = name == "config.json";
        let progress = Progress::new(name, Origin::Network, None, watcher.on_progress);
        progress.waits("asking for its size")?;
        match http::head(&remote.url, watcher.signal).await {
            Ok(Answer::There((length, _))) => Ok(Some(length.announced())),
            Ok(Answer::Absent(got)) if is_required => {
                Err(Error::new(Code::Io, remote.url, "a model's config.json", got).into())
            }
            Ok(Answer::Absent(_)) => Ok(None),
            Err(Failure::Lost(reason) | Failure::Silent(reason)) if is_required => {
                let got = format!("{reason}; check the connection");
                Err(Error::new(Code::Io, remote.url, "an answer", got).into())
            }
            // Missing, as when it is read: the server has answered for config.json.
            Err(Failure::Silent(_)) if name != WEIGHTS => Ok(None),
            // A server may refuse to tell a size; whether the file is there shows when it is read.
            Err(_) => Ok(Some(None)),
        }
    }
}

/// Without the files that are not read beside a `tokenizer.json`.
fn needed(mut planned: Vec<Planned>) -> Vec<Planned> {
    if planned.iter().any(|file| file.name == "tokenizer.json") {
        planned.retain(|file| tokenizer::is_needed(&file.name, true));
    }
    planned
}
