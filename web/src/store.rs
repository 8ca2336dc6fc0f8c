//! Models kept in this browser between visits, in the origin private file system.
//!
//! Unlike Cache Storage, it lets a file be written piece by piece: after a lost connection or a closed tab the
//! beginning of the file is there, and a download goes on from it. A model is a directory with its files and
//! `entry.json`, which says what they should be and which are complete. A file is deleted only when it is proven to be
//! the wrong one, never because something failed. `lock` keeps tabs out of each other's way.

use std::fmt::Write;

use gloo_timers::future::sleep;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DomException, FileSystemDirectoryHandle, FileSystemFileHandle,
    FileSystemGetDirectoryOptions, FileSystemGetFileOptions, FileSystemRemoveOptions,
    FileSystemSyncAccessHandle, StorageEstimate, StorageManager, WorkerGlobalScope,
    js_sys::{AsyncIterator, Promise, Reflect, Uint8Array, global},
};
use web_time::Duration;

use crate::{
    convert,
    headers::Version,
    lock::{self, Asked, Lock, Mode},
    transfer::CHUNK,
    writer::Writer,
};
use pathpatch::error::{Code, Error, Result};

/// The directory that all models are in; its name changes when the format does.
const ROOT: &str = "pathpatch-models-1";
const ENTRY: &str = "entry.json";
/// Raised when a load begins to read further files. A model that was kept with a lower number lacks them: it counts as
/// incomplete, and only they are downloaded.
const FORMAT: u32 = 2;

/// What is known of a kept model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What people call it.
    pub title: String,
    /// The revision that its files are of, where it has one.
    pub revision: Option<String>,
    pub files: Vec<KeptFile>,
    /// The [`FORMAT`] that it was written in; the first had no number.
    #[serde(default)]
    pub format: u32,
    /// Files that it was read without, though they may be there.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
    /// Whether all of its files are there.
    pub complete: bool,
}

/// A file that a model was read without, and what its server answered for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassedOver {
    pub name: String,
    pub got: String,
}

/// A file of a kept model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptFile {
    pub name: String,
    /// What the server called this version of it.
    #[serde(flatten)]
    pub version: Version,
    pub sha256: Option<String>,
    pub complete: bool,
}

/// A kept model as the page lists it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    id: String,
    title: String,
    revision: Option<String>,
    complete: bool,
    bytes: f64,
}

/// What the browser grants.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Space {
    /// Bytes that this site may keep in all.
    pub quota: f64,
    /// Bytes that it keeps.
    pub usage: f64,
}

/// The models of this browser.
pub struct Store {
    root: FileSystemDirectoryHandle,
}

impl Store {
    /// Open it.
    ///
    /// # Errors
    /// [`Code::Unsupported`] where the browser keeps no files, as in some private windows.
    pub async fn open() -> Result<Self> {
        let unsupported = |e: &JsValue| {
            let expected = "a place to keep files (the origin private file system)";
            Error::new(
                Code::Unsupported,
                "this browser",
                expected,
                format!("{} (a private window may keep nothing)", convert::text(e)),
            )
        };
        let storage = storage().map_err(|e| unsupported(&e))?;
        let directory = settle(storage.get_directory()).await;
        let directory: FileSystemDirectoryHandle = directory.map_err(|e| unsupported(&e))?;
        let root = subdirectory(&directory, ROOT, true).await;
        Ok(Self {
            root: root.map_err(|e| unsupported(&e))?,
        })
    }

    /// The directory name of a model: readable, and different for different sources.
    pub fn id_of(title: &str, source: &str) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        };
        let title: String = title.chars().take(60).map(plain).collect();
        format!("{title}-{}", &hex(&Sha256::digest(source))[..12])
    }

    /// A kept model, under a lock that is held as long as the folder; `None` where nothing of it is kept.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn model(&self, id: &str, lock: Option<Lock>) -> Result<Option<Folder>> {
        match subdirectory(&self.root, id, false).await {
            Ok(directory) => self.read(directory, id, lock).await.map(Some),
            Err(e) if is_not_found(&e) => Ok(None),
            Err(e) => Err(failed(id, &e)),
        }
    }

    /// The folder of a model, made if there is none, with what is kept of it already.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn begin(&self, id: &str, lock: Option<Lock>) -> Result<Folder> {
        let directory = subdirectory(&self.root, id, true).await;
        self.read(directory.map_err(|e| failed(id, &e))?, id, lock)
            .await
    }

    async fn read(
        &self,
        directory: FileSystemDirectoryHandle,
        id: &str,
        lock: Option<Lock>,
    ) -> Result<Folder> {
        let mut folder = Folder {
            root: self.root.clone(),
            directory,
            id: id.to_string(),
            entry: Entry::default(),
            lock,
        };
        folder.entry = folder.read_entry().await?;
        Ok(folder)
    }

    /// Bytes of what is kept of a model so far.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn bytes(&self, id: &str) -> Result<f64> {
        match subdirectory(&self.root, id, false).await {
            Ok(directory) => bytes_in(&directory).await.map_err(|e| failed(id, &e)),
            Err(e) if is_not_found(&e) => Ok(0.0),
            Err(e) => Err(failed(id, &e)),
        }
    }

    /// Every model of which something is kept. One that cannot be read is among them, under its directory's name:
    /// it takes space and can be deleted.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn list(&self) -> Result<Vec<Listed>> {
        let mut models = Vec::new();
        for id in keys(&self.root).await.map_err(|e| failed(ROOT, &e))? {
            let bytes = self.bytes(&id).await;
            // A load has begun and nothing has come.
            if matches!(bytes, Ok(0.0)) {
                continue;
            }
            let entry = match self.model(&id, None).await {
                Ok(Some(folder)) => folder.entry,
                Ok(None) => continue,
                Err(_) => Entry::default(),
            };
            let title = match entry.title.is_empty() {
                true => id.clone(),
                false => entry.title,
            };
            models.push(Listed {
                id,
                title,
                revision: entry.revision,
                complete: entry.complete,
                bytes: bytes.unwrap_or(0.0),
            });
        }
        Ok(models)
    }

    /// Delete a model.
    ///
    /// # Errors
    /// [`Code::Io`], above all while another tab reads or writes it.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let Asked::Held(_lock) = lock::ask(id, Mode::Exclusive).await else {
            let expected = "a model that nobody is loading";
            let got = "one that another tab is loading; delete it when that is done";
            return Err(Error::new(Code::Io, id, expected, got));
        };
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        let removed = self.root.remove_entry_with_options(id, &options);
        match JsFuture::from(removed).await {
            Err(e) if !is_not_found(&e) => Err(failed(id, &e)),
            _ => Ok(()),
        }
    }
}

/// What the browser grants, where it tells.
pub async fn space() -> Option<Space> {
    let estimate = storage().ok()?.estimate().ok()?;
    let estimate: StorageEstimate = settle(estimate).await.ok()?;
    Some(Space {
        quota: estimate.get_quota()?,
        usage: estimate.get_usage()?,
    })
}

/// One model's directory.
pub struct Folder {
    root: FileSystemDirectoryHandle,
    directory: FileSystemDirectoryHandle,
    id: String,
    pub entry: Entry,
    /// Held as long as the folder is used.
    lock: Option<Lock>,
}

impl Folder {
    /// A file's bytes; `None` where there is no such file.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn blob(&self, name: &str) -> Result<Option<Blob>> {
        let file = match settle::<FileSystemFileHandle>(self.directory.get_file_handle(name)).await
        {
            Err(e) if is_not_found(&e) => return Ok(None),
            file => file.map_err(|e| self.failed(&e))?,
        };
        let blob = settle(file.get_file()).await;
        blob.map(Some).map_err(|e| self.failed(&e))
    }

    /// Open a file to write at its end; it is made where there is none.
    ///
    /// # Errors
    /// [`Code::Io`], above all when another tab is writing it and the browser has no locks.
    pub async fn writer(&self, name: &str) -> Result<Writer> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let file = self.directory.get_file_handle_with_options(name, &options);
        let file: FileSystemFileHandle = settle(file).await.map_err(|e| self.failed(&e))?;
        let opening = Opening::new(file.create_sync_access_handle());
        let writer = Writer::new(opening.settle().await.map_err(|e| self.failed(&e))?);
        writer.map_err(|e| self.failed(&e))
    }

    /// Delete a file that is the wrong one.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn discard(&mut self, name: &str) -> Result<()> {
        self.entry.files.retain(|file| file.name != name);
        self.entry.complete = false;
        let removed = JsFuture::from(self.directory.remove_entry(name)).await;
        self.write_entry().await?;
        match removed {
            Err(e) if !is_not_found(&e) => Err(self.failed(&e)),
            _ => Ok(()),
        }
    }

    /// Go on with the files of this revision; a file without a hash may be of another one.
    pub fn adopt(&mut self, title: String, revision: Option<&str>) {
        self.entry.title = title;
        self.entry.passed_over.clear();
        if self.entry.revision.as_deref() != revision {
            self.entry.files.retain(|file| file.sha256.is_some());
            self.entry.revision = revision.map(Into::into);
        }
    }

    /// What `entry.json` says of the model, without files that the browser has deleted: they are downloaded again.
    async fn read_entry(&self) -> Result<Entry> {
        let mut entry = Entry::default();
        if let Some(blob) = self.blob(ENTRY).await? {
            let bytes = read_part(&blob, 0.0, blob.size()).await?;
            entry = first_json(&bytes.to_vec()).unwrap_or_default();
        }
        entry.complete &= entry.format == FORMAT;
        entry.format = FORMAT;
        for file in std::mem::take(&mut entry.files) {
            match self.blob(&file.name).await? {
                Some(_) => entry.files.push(file),
                None => entry.complete = false,
            }
        }
        Ok(entry)
    }

    /// Take the lock exclusively, to delete something. Returns false where others read the model or have changed it
    /// meanwhile; then the folder must not be used any more.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn lock_alone(&mut self) -> Result<bool> {
        /// A lock is free only a moment after it was released.
        const TRIES: u32 = 10;
        const PAUSE: Duration = Duration::from_millis(50);
        drop(self.lock.take());
        for _ in 0..TRIES {
            if let Asked::Held(lock) = lock::ask(&self.id, Mode::Exclusive).await {
                self.lock = lock;
                return Ok(self.read_entry().await? == self.entry);
            }
            sleep(PAUSE).await;
        }
        Ok(false)
    }

    /// Whether a file's bytes have the SHA-256 that they should have; one that cannot be read proves nothing.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn is_proven(&self, name: &str) -> Result<bool> {
        let Some(expected) = self.known(name).and_then(|file| file.sha256.clone()) else {
            return Ok(false);
        };
        let Some(blob) = self.blob(name).await? else {
            return Ok(false);
        };
        let mut hash = Sha256::new();
        let mut at = 0.0;
        while at < blob.size() {
            let to = (at + f64::from(CHUNK)).min(blob.size());
            hash.update(read_part(&blob, at, to).await?.to_vec());
            at = to;
        }
        Ok(hex(&hash.finalize()) == expected)
    }

    /// Bytes of all files.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn bytes(&self) -> Result<f64> {
        bytes_in(&self.directory).await.map_err(|e| self.failed(&e))
    }

    /// Whether a file is complete.
    pub fn has(&self, name: &str) -> bool {
        self.known(name).is_some_and(|file| file.complete)
    }

    /// Mark the model as complete, and delete files of other revisions.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn complete(&mut self) -> Result<()> {
        self.entry.complete = true;
        self.write_entry().await?;
        for name in keys(&self.directory).await.map_err(|e| self.failed(&e))? {
            if name != ENTRY && !self.has(&name) {
                // If that fails, it takes space and does no other harm.
                let _ = JsFuture::from(self.directory.remove_entry(&name)).await;
            }
        }
        Ok(())
    }

    /// Remove the directory if it has no file of the model.
    pub async fn tidy(&self) {
        if !self.entry.files.is_empty() {
            return;
        }
        for name in keys(&self.directory).await.unwrap_or_default() {
            let blob = self.blob(&name).await.ok().flatten();
            if name == ENTRY || blob.is_some_and(|blob| blob.size() == 0.0) {
                // What cannot be removed stays, and is listed.
                let _ = JsFuture::from(self.directory.remove_entry(&name)).await;
            }
        }
        // The browser refuses to remove a directory that has files in it, as it should.
        let _ = JsFuture::from(self.root.remove_entry(&self.id)).await;
    }

    /// What is known of a file, if anything is.
    pub fn known(&self, name: &str) -> Option<&KeptFile> {
        self.entry.files.iter().find(|file| file.name == name)
    }

    /// What is known of a file; made where nothing is.
    pub fn file(&mut self, name: &str) -> &mut KeptFile {
        let files = &mut self.entry.files;
        let at = files.iter().position(|file| file.name == name);
        let at = at.unwrap_or_else(|| {
            files.push(KeptFile {
                name: name.to_string(),
                ..KeptFile::default()
            });
            files.len() - 1
        });
        &mut files[at]
    }

    /// Write down what is known.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn write_entry(&self) -> Result<()> {
        let json = serde_json::to_vec(&self.entry)
            .map_err(|e| Error::new(Code::Io, ENTRY, "an entry that can be written", e))?;
        let mut writer = self.writer(ENTRY).await?;
        let written = writer.overwrite(&Uint8Array::from(&json[..]));
        written.map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &JsValue) -> Error {
        failed(&self.id, error)
    }
}

/// Bytes of a blob.
///
/// # Errors
/// [`Code::Io`].
pub async fn read_part(blob: &Blob, from: f64, to: f64) -> Result<Uint8Array> {
    let unreadable = |e: JsValue| {
        let expected = "bytes that can be read";
        Error::new(
            Code::Io,
            "a file of this browser",
            expected,
            convert::text(&e),
        )
    };
    let part = blob.slice_with_f64_and_f64(from, to).map_err(unreadable)?;
    let buffer = JsFuture::from(part.array_buffer())
        .await
        .map_err(unreadable)?;
    Ok(Uint8Array::new(&buffer))
}

/// A hash in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn storage() -> Result<StorageManager, JsValue> {
    let scope: WorkerGlobalScope = global().unchecked_into();
    let storage = Reflect::get(&scope.navigator(), &"storage".into())?;
    match storage.is_undefined() {
        true => Err(
            "none: it gives storage to pages with https, and not in every private window".into(),
        ),
        false => Ok(storage.unchecked_into()),
    }
}

async fn subdirectory(
    of: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemDirectoryHandle, JsValue> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    settle(of.get_directory_handle_with_options(name, &options)).await
}

/// Bytes of a directory's files.
async fn bytes_in(directory: &FileSystemDirectoryHandle) -> Result<f64, JsValue> {
    let mut bytes = 0.0;
    for name in keys(directory).await? {
        let file: FileSystemFileHandle = settle(directory.get_file_handle(&name)).await?;
        bytes += settle::<Blob>(file.get_file()).await?.size();
    }
    Ok(bytes)
}

/// The names in a directory.
async fn keys(directory: &FileSystemDirectoryHandle) -> Result<Vec<String>, JsValue> {
    let all: AsyncIterator = directory.keys();
    let mut names = Vec::new();
    loop {
        let next = JsFuture::from(all.next()?).await?;
        match Reflect::get(&next, &"value".into())?.as_string() {
            Some(name) => names.push(name),
            None => return Ok(names),
        }
    }
}

/// What a promise brings, of the type that it is documented to have.
async fn settle<T: JsCast>(promise: Promise) -> Result<T, JsValue> {
    JsFuture::from(promise).await.map(JsCast::unchecked_into)
}

/// A file that is being opened to write. If this is dropped before it is open, it is closed as soon as it is: an open
/// file shuts out everybody else.
struct Opening {
    promise: Promise,
    is_settled: bool,
}

impl Opening {
    fn new(promise: Promise) -> Self {
        Self {
            promise,
            is_settled: false,
        }
    }

    async fn settle(mut self) -> Result<FileSystemSyncAccessHandle, JsValue> {
        let handle = settle(self.promise.clone()).await;
        self.is_settled = true;
        handle
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.is_settled {
            let promise = self.promise.clone();
            wasm_bindgen_futures::spawn_local(async move {
                if let Ok(handle) = settle::<FileSystemSyncAccessHandle>(promise).await {
                    handle.close();
                }
            });
        }
    }
}

/// The JSON at the beginning of a file. After it there may be the end of a longer one that was there before.
fn first_json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::Deserializer::from_slice(bytes)
        .into_iter()
        .next()?
        .ok()
}

fn exception(error: &JsValue) -> Option<String> {
    error.dyn_ref::<DomException>().map(DomException::name)
}

fn is_not_found(error: &JsValue) -> bool {
    exception(error).as_deref() == Some("NotFoundError")
}

fn failed(what: &str, error: &JsValue) -> Error {
    let expected = "a kept model that can be read and written";
    let got = match exception(error).as_deref() {
        Some("NoModificationAllowedError") => "another tab that is writing it".to_string(),
        Some(name) => format!("{name}: {}", convert::text(error)),
        None => convert::text(error),
    };
    Error::new(Code::Io, what, expected, got)
}
