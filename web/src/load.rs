//! Loads a session from a source: what this browser keeps of it first, the rest from its server.
//!
//! Where a browser cannot keep files, has deleted them or cannot read them, a load only takes longer: the model comes
//! from its server, and [`Keeping`] says why it is not kept. A kept file that is proven wrong is deleted and downloaded
//! again, once; the other files stay.

use std::collections::HashMap;

use gloo_timers::future::sleep;
use serde::Serialize;
use web_time::{Duration, Instant};

use crate::{
    crew::Hire,
    download::{Cache, not_kept},
    fused,
    http::Answer,
    lock::{self, Asked, Mode},
    place::Place,
    progress::{Origin, Progress},
    source::{Files, Listing, Planned, Source},
    store::{self, Folder, PassedOver, Space, Store},
    transfer::{Stop, Watcher},
};
use pathpatch::{
    checkpoint::{self, INDEX, WEIGHTS},
    device::LoadOptions,
    error::{Code, Error, Result, Warning},
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
    /// The commit that was loaded, kept or not, where the source has commits.
    pub revision: Option<String>,
}

/// What loading a source would download.
///
/// # Errors
/// Those of the network, and of what the server has.
pub async fn plan(source: &Source, watcher: &Watcher<'_>) -> Result<Plan> {
    let space = store::space().await;
    if let Some(folder) = complete(source).await {
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
    let (revision, files) = planned.await.map_err(Stop::error)?;
    Ok(Plan {
        title: source.title(),
        revision,
        files,
        kept: false,
        space,
    })
}

/// A model that is kept completely; `None` where the store cannot be opened or read.
async fn complete(source: &Source) -> Option<Folder> {
    let store = Store::open().await.ok()?;
    let folder = store.model(&source.id()?, None).await.ok()??;
    folder.entry.complete.then_some(folder)
}

/// Load a source; `keep` says whether what is downloaded is kept.
///
/// # Errors
/// Those of the network and of [`Session::begin`] and its weights; never only because something cannot be kept.
pub async fn load(
    source: Source,
    options: &LoadOptions,
    keep: bool,
    hire: &Hire<'_>,
    watcher: &Watcher<'_>,
) -> Result<(Session, Keeping)> {
    let first = match attempt(&source, options, keep, hire, None, watcher).await {
        Ok(loaded) => return Ok(loaded),
        Err(Stop::Failed(error)) => return Err(error),
        Err(first) => first,
    };
    // Once: the wrong file has been deleted, and a second try downloads it.
    let unreadable = match &first {
        Stop::Unreadable(error) => Some(format!("what was kept could not be read: {}", error.got)),
        _ => None,
    };
    let again = attempt(&source, options, keep, hire, unreadable, watcher).await;
    again.map_err(|again| match (first, again) {
        // The first failure is the reason to report, not that the server could not help.
        (Stop::Changed(first) | Stop::Unreadable(first), Stop::Failed(again))
            if again.code == Code::Io =>
        {
            let got = format!("{}; and from its server: {again}", first.got);
            Error { got, ..first }
        }
        (_, again) => again.error(),
    })
}

/// Load it from where it is; `unreadable` is why what is kept is of no use.
async fn attempt(
    source: &Source,
    options: &LoadOptions,
    keep: bool,
    hire: &Hire<'_>,
    unreadable: Option<String>,
    watcher: &Watcher<'_>,
) -> Result<(Session, Keeping), Stop> {
    let (mut place, revision) = place(source, keep, unreadable, watcher).await?;
    let mut weights = String::new();
    match read(&mut place, options, hire, &mut weights, watcher).await {
        Ok(mut session) => {
            session.warn(warnings(&place));
            Ok((session, keeping(&mut place, revision).await))
        }
        Err(stop) => Err(discard_culprit(&mut place, &weights, stop).await),
    }
}

/// Read a model's files, in the order in which they are needed. `weights` is set to the file of weights that is being
/// read, and is empty otherwise.
async fn read(
    place: &mut Place,
    options: &LoadOptions,
    hire: &Hire<'_>,
    weights: &mut String,
    watcher: &Watcher<'_>,
) -> Result<Session, Stop> {
    let config = place.require("config.json", watcher).await?;
    let tokenizer = tokenizer(place, watcher).await?;
    let lacks_tokenizer = tokenizer.is_none();
    let mut loading = Session::begin(&config, tokenizer, options.clone()).await?;
    if lacks_tokenizer && let Some(names) = place.names() {
        loading.explain_tokenizer(tokenizer::explain_missing(&names));
    }
    if let Some(tile) = fused::tile() {
        loading.use_tile(tile);
    }
    if loading.device().kind == "cpu" {
        checkpoint::fits(loading.config().weight_bytes(), checkpoint::WASM_MEMORY)?;
    }
    let lacks_workers = hire.share(&mut loading, &config).await?;

    *weights = WEIGHTS.into();
    let mut whole = loading.weights().file(WEIGHTS);
    match place.push(WEIGHTS, &mut whole, watcher).await? {
        Answer::There(()) => whole.end()?,
        Answer::Absent(got) => {
            *weights = INDEX.into();
            let Some(index) = place.read(INDEX, watcher).await? else {
                return Err(place.lacks(WEIGHTS, &got));
            };
            for name in loading.weights().files(&index)? {
                weights.clone_from(&name);
                let mut file = loading.weights().file(&name);
                match place.push(&name, &mut file, watcher).await? {
                    Answer::There(()) => file.end()?,
                    Answer::Absent(got) => return Err(place.lacks(&name, &got)),
                }
            }
        }
    }
    weights.clear();
    let mut session = loading.finish()?;
    session.warn(lacks_workers);
    Ok(session)
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

/// Delete the kept file that could not be understood, unless its SHA-256 proves that its bytes are the right ones: then
/// this program does not read such a file. A failure of the network, of the disk or of a device deletes nothing. If the
/// file was kept from an earlier visit, the load is tried again: the server may have a better one.
async fn discard_culprit(place: &mut Place, weights: &str, stop: Stop) -> Stop {
    let was_kept = matches!(place, Place::Kept(_));
    let Some(folder) = place.folder() else {
        return stop;
    };
    let error = match stop {
        Stop::Failed(error) => error,
        stop => {
            folder.tidy().await;
            return stop;
        }
    };
    let is_culprit = |name: &str| match error.code {
        Code::Config => name == "config.json",
        Code::Checkpoint => name == weights,
        Code::Tokenizer => tokenizer::FILES.contains(&name),
        _ => false,
    };
    let files = folder.entry.files.iter().map(|file| file.name.clone());
    let mut culprits: Vec<_> = files.filter(|name| is_culprit(name)).collect();
    for i in (0..culprits.len()).rev() {
        // What cannot be read is not proven wrong.
        if folder.is_proven(&culprits[i]).await.unwrap_or(true) {
            culprits.remove(i);
        }
    }
    if culprits.is_empty() {
        folder.tidy().await;
        return Stop::Failed(error);
    }
    // Nobody else may be reading what is deleted.
    if was_kept && !folder.lock_alone().await.unwrap_or(false) {
        return Stop::Unreadable(error);
    }
    for name in &culprits {
        // The failure that led here is the one to report.
        let _ = folder.discard(name).await;
    }
    folder.tidy().await;
    match was_kept {
        true => Stop::Changed(error),
        false => Stop::Failed(error),
    }
}

/// What to say of files that a model is read without.
fn warnings(place: &Place) -> impl Iterator<Item = Warning> {
    place.passed_over().iter().map(|PassedOver { name, got }| {
        let message = format!(
            "{name}: {got}; the model is read without it, so special tokens may be others than in transformers"
        );
        Warning::new(Code::Tokenizer, message)
    })
}

/// Mark the model as complete, where its files are kept.
async fn keeping(place: &mut Place, revision: Option<String>) -> Keeping {
    let (kept, reason) = match place {
        Place::Picked(_) => (false, "your own files are not copied".into()),
        Place::Kept(_) => (true, "from this browser, without the network".into()),
        Place::Server(_, cache) => {
            let passed_over = cache.passed_over.clone();
            match cache.folder() {
                Ok(folder) => {
                    folder.entry.passed_over = passed_over;
                    match folder.complete().await {
                        Ok(()) => (true, "for the next visit".into()),
                        Err(error) => (false, not_kept(error.got)),
                    }
                }
                Err(reason) => (false, reason.to_string()),
            }
        }
    };
    Keeping {
        kept,
        reason,
        revision,
    }
}

/// Where the files of a source are, and of which revision.
async fn place(
    source: &Source,
    keep: bool,
    unreadable: Option<String>,
    watcher: &Watcher<'_>,
) -> Result<(Place, Option<String>), Stop> {
    if let Source::Files(files) = source {
        return Ok((Place::Picked(files.clone()), None));
    }
    let kept = match unreadable {
        Some(reason) => Kept::Not(reason),
        None => kept(source, keep, watcher).await?,
    };
    let mut cache = match kept {
        Kept::Complete(folder) => {
            let revision = folder.entry.revision.clone();
            return Ok((Place::Kept(folder), revision));
        }
        Kept::Begun(folder) => Cache::of(folder),
        Kept::Not(reason) => Cache::none(reason),
    };
    let listed = source.list(watcher).await;
    if let (Err(_), Ok(folder)) = (&listed, cache.folder()) {
        folder.tidy().await;
    }
    let listing = listed?;
    if let Ok(folder) = cache.folder() {
        folder.adopt(source.title(), listing.revision.as_deref());
        if let Some(reason) = too_little_space(&listing, folder).await {
            folder.tidy().await;
            cache.give_up(reason);
        }
    }
    Ok((Place::Server(listing.files, cache), listing.revision))
}

/// What this browser keeps of a source.
enum Kept {
    /// All of it.
    Complete(Folder),
    /// Some of it or nothing, in a folder that we may write.
    Begun(Folder),
    /// Nothing that can be used, and why nothing can be kept.
    Not(String),
}

/// Look for a source in this browser. While another tab or worker downloads it, wait, so that the model is downloaded
/// once; but only as long as its files grow.
async fn kept(source: &Source, keep: bool, watcher: &Watcher<'_>) -> Result<Kept> {
    /// A lock is free only a moment after it was released.
    const FIRST_PAUSE: Duration = Duration::from_millis(50);
    const PAUSE: Duration = Duration::from_millis(500);
    const PATIENCE: Duration = Duration::from_secs(15);

    let Some(id) = source.id() else {
        return Ok(Kept::Not("it has no name to be kept under".into()));
    };
    let not = |reason: &dyn std::fmt::Display| {
        let reason = match keep {
            true => reason.to_string(),
            false => "you chose not to keep it".into(),
        };
        Ok(Kept::Not(reason))
    };
    let store = match Store::open().await {
        Ok(store) => store,
        Err(error) => return not(&not_kept(error.got)),
    };
    let title = source.title();
    let progress = Progress::new(&title, Origin::Network, None, watcher.on_progress);
    let mut seen = (Instant::now(), 0.0);
    let mut pause = FIRST_PAUSE;
    loop {
        match look(&store, &id, keep).await {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => {}
            Err(error) => return not(&not_kept(error.got)),
        }
        if !keep {
            return not(&"");
        }
        let bytes = store.bytes(&id).await.unwrap_or(seen.1);
        if bytes > seen.1 {
            seen = (Instant::now(), bytes);
        } else if seen.0.elapsed() > PATIENCE {
            return not(&"another tab started downloading it and has stalled");
        }
        if pause == PAUSE {
            progress.set_loaded(bytes as u64);
            progress.waits("another tab is downloading it; waiting for it to finish")?;
        }
        sleep(pause).await;
        pause = PAUSE;
    }
}

/// What is kept of a model, under the lock that its use takes; `None` while another tab has that.
async fn look(store: &Store, id: &str, keep: bool) -> Result<Option<Kept>> {
    let is_complete = |folder: &Folder| folder.entry.complete;
    // Look without a lock to see which one to ask for. Asking for both in turn does not work: a lock is free only a
    // moment after it was released. If nothing can be read now, the owner of the lock may be writing it.
    let seen = store.model(id, None).await.ok().flatten();
    let mode = match seen.is_some_and(|folder| is_complete(&folder)) {
        true => Mode::Shared,
        false if keep => Mode::Exclusive,
        false => return Ok(None),
    };
    let Asked::Held(lock) = lock::ask(id, mode).await else {
        return Ok(None);
    };
    let folder = store.begin(id, lock).await?;
    Ok(match (is_complete(&folder), mode) {
        (true, _) => Some(Kept::Complete(folder)),
        (false, Mode::Exclusive) => Some(Kept::Begun(folder)),
        // It has been deleted meanwhile.
        (false, Mode::Shared) => None,
    })
}

/// Why a listed model cannot be kept; `None` where it can, or where only trying will tell.
async fn too_little_space(listing: &Listing, folder: &Folder) -> Option<String> {
    let Files::Known(_) = listing.files else {
        return None;
    };
    let planned = listing.plan_of_known();
    let needed: u64 = planned.iter().filter_map(|file| file.bytes).sum();
    let kept = folder.bytes().await.unwrap_or(0.0);
    let space = store::space().await?;
    let (needed, free) = (needed as f64 - kept, space.quota - space.usage);
    (needed > free).then(|| {
        let [needed, free] = [needed, free.max(0.0)].map(|bytes| bytes / 1e6);
        format!("it takes {needed:.0} MB and this browser grants {free:.0} MB more")
    })
}
