//! From a source to a session: what is kept of it first, the rest from its server.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    place::{Place, Stop, Watcher},
    source::{Planned, Source},
    store::{self, Entry, Folder, Space, Store},
};
use crate::{
    checkpoint::{self, INDEX, WEIGHTS},
    device::DeviceChoice,
    error::{Code, Error, Result},
    session::Session,
    tokenizer::{self, Tokenizer},
};

/// What a load will download.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    title: String,
    revision: Option<String>,
    files: Vec<Planned>,
    /// Whether all of it is kept already, and nothing will be downloaded.
    kept: bool,
    space: Option<Space>,
}

/// Whether a model is kept, and if not, why.
#[derive(Debug, Clone, Serialize)]
pub struct Keeping {
    pub kept: bool,
    pub reason: String,
    pub revision: Option<String>,
}

impl Keeping {
    fn not(reason: impl std::fmt::Display) -> Self {
        Self {
            kept: false,
            reason: reason.to_string(),
            revision: None,
        }
    }
}

/// What loading a source would download.
///
/// # Errors
/// Those of the network, and of what the server has.
pub async fn plan(source: &Source, watcher: &Watcher<'_>) -> Result<Plan> {
    let space = store::space().await;
    if let Some(folder) = kept_folder(source).await?.filter(|f| f.entry.complete) {
        return Ok(Plan {
            title: source.title(),
            revision: folder.entry.revision,
            files: Vec::new(),
            kept: true,
            space,
        });
    }
    let planned = async {
        let listing = source.list(watcher).await?;
        let files = listing.plan(watcher).await?;
        Ok((listing.revision, files))
    };
    let (revision, files) = planned.await.map_err(|stop| explain(source, stop))?;
    Ok(Plan {
        title: source.title(),
        revision,
        files,
        kept: false,
        space,
    })
}

/// Load a source; `keep` says whether what is downloaded is kept.
///
/// # Errors
/// Those of the network, of the store and of [`Session::begin`] and its weights.
pub async fn load(
    source: Source,
    choice: DeviceChoice,
    keep: bool,
    watcher: &Watcher<'_>,
) -> Result<(Session, Keeping)> {
    match attempt(&source, choice, keep, watcher).await {
        // Once: a file that changes while it is downloaded is new when it is asked for again.
        Err(Stop::Changed) => {
            forget(&source).await?;
            let again = attempt(&source, choice, keep, watcher).await;
            finish(&source, again).await
        }
        done => finish(&source, done).await,
    }
}

/// Leave nothing behind of what cannot be used; the beginning of a download that was lost or stopped can.
async fn finish<T>(source: &Source, done: Result<T, Stop>) -> Result<T> {
    match done {
        Ok(done) => Ok(done),
        Err(stop) => {
            let is_beginning = match &stop {
                Stop::Lost(_) => true,
                Stop::Failed(error) => {
                    [Code::Cancelled, Code::Device, Code::Option].contains(&error.code)
                }
                Stop::Changed => false,
            };
            if !is_beginning {
                forget(source).await?;
            }
            Err(explain(source, stop))
        }
    }
}

async fn forget(source: &Source) -> Result<()> {
    match (source.id(), Store::open().await) {
        (Some(id), Ok(store)) => store.remove(&id).await,
        // Where nothing can be kept, nothing is.
        _ => Ok(()),
    }
}

fn explain(source: &Source, stop: Stop) -> Error {
    match stop {
        Stop::Failed(error) | Stop::Lost(error) => error,
        Stop::Changed => {
            let expected = "files that stay the same while they are downloaded";
            let got = "others each time; nothing of them is kept, load again later";
            Error::new(Code::Io, source.title(), expected, got)
        }
    }
}

async fn attempt(
    source: &Source,
    choice: DeviceChoice,
    keep: bool,
    watcher: &Watcher<'_>,
) -> Result<(Session, Keeping), Stop> {
    let (mut place, keeping) = place(source, keep, watcher).await?;
    let title = source.title();
    let missing = |name: &str| {
        let expected = format!("a file {name}");
        Error::new(
            Code::Io,
            &title,
            expected,
            "none of that name (status 404 or not picked)",
        )
    };
    let config = place.read("config.json", watcher).await?;
    let config = config.ok_or_else(|| missing("config.json"))?;
    let tokenizer = tokenizer(&mut place, watcher).await?;
    let mut loading = Session::begin(&config, tokenizer, choice).await?;

    let mut whole = loading.weights().file(WEIGHTS);
    if place.push(WEIGHTS, &mut whole, watcher).await? {
        whole.end()?;
    } else {
        let index = place.read(INDEX, watcher).await?;
        let index = index.ok_or_else(|| missing(WEIGHTS))?;
        for name in checkpoint::files(&index, loading.config())? {
            let mut file = loading.weights().file(&name);
            if !place.push(&name, &mut file, watcher).await? {
                return Err(missing(&name).into());
            }
            file.end()?;
        }
    }
    let session = loading.finish()?;
    if let Place::Server(_, Some(folder)) = &mut place {
        folder.entry.complete = true;
        folder.write_entry().await?;
    }
    Ok((session, keeping))
}

async fn tokenizer(place: &mut Place, watcher: &Watcher<'_>) -> Result<Option<Tokenizer>, Stop> {
    let mut files = HashMap::new();
    for name in tokenizer::FILES {
        if tokenizer::is_needed(name, files.contains_key("tokenizer.json"))
            && let Some(bytes) = place.read(name, watcher).await?
        {
            files.insert(name.to_string(), bytes);
        }
    }
    Ok(Tokenizer::from_files(&files)?)
}

/// Where the files of a source are, and whether they are or will be kept.
async fn place(
    source: &Source,
    keep: bool,
    watcher: &Watcher<'_>,
) -> Result<(Place, Keeping), Stop> {
    if let Source::Files(files) = source {
        let keeping = Keeping::not("files of your own stay where they are");
        return Ok((Place::Picked(files.clone()), keeping));
    }
    let begun = match kept_folder(source).await? {
        Some(folder) if folder.entry.complete => {
            let keeping = Keeping {
                kept: true,
                reason: "from this browser, without the network".into(),
                revision: folder.entry.revision.clone(),
            };
            return Ok((Place::Kept(folder), keeping));
        }
        begun => begun,
    };
    let listing = source.list(watcher).await?;
    if !keep {
        let keeping = Keeping::not("as asked");
        return Ok((Place::Server(listing.files, None), keeping));
    }
    let store = match Store::open().await {
        Ok(store) => store,
        Err(error) => {
            let keeping = Keeping::not(error);
            return Ok((Place::Server(listing.files, None), keeping));
        }
    };
    let bytes: u64 = listing
        .plan(watcher)
        .await?
        .iter()
        .filter_map(|file| file.bytes)
        .sum();
    let begun = begun.filter(|folder| folder.entry.revision == listing.revision);
    if let Some(reason) = too_little_space(bytes, begun.is_some()).await {
        return Ok((Place::Server(listing.files, None), Keeping::not(reason)));
    }
    let folder = match (begun, source.id()) {
        (Some(folder), _) => folder,
        (None, id) => {
            let entry = Entry {
                title: source.title(),
                revision: listing.revision.clone(),
                ..Entry::default()
            };
            store.begin(&id.unwrap_or_default(), entry).await?
        }
    };
    let keeping = Keeping {
        kept: true,
        reason: "for the next visit".into(),
        revision: listing.revision,
    };
    Ok((Place::Server(listing.files, Some(folder)), keeping))
}

/// What this browser keeps of a source; `None` where it keeps nothing, or can keep nothing.
async fn kept_folder(source: &Source) -> Result<Option<Folder>> {
    match (source.id(), Store::open().await) {
        (Some(id), Ok(store)) => store.model(&id).await,
        _ => Ok(None),
    }
}

/// Why so many bytes cannot be kept; `None` where they can. What has begun was granted before.
async fn too_little_space(bytes: u64, has_begun: bool) -> Option<String> {
    let space = store::space().await.filter(|_| !has_begun)?;
    let free = space.quota - space.usage;
    (bytes as f64 > free).then(|| {
        let [bytes, free] = [bytes as f64, free].map(|bytes| bytes / 1e6);
        format!("it takes {bytes:.0} MB and this browser grants {free:.0} MB more")
    })
}
