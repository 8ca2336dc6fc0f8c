//! Models kept in this browser between visits, in the origin private file system.
//!
//! That, and not the Cache Storage, because a file there can be written piece by piece: what a lost
//! connection or a closed tab leaves behind is the beginning of the file, from which a download goes on. A
//! model is a directory of its files beside `entry.json`, which says what they should be and which of them
//! are complete.

use std::fmt::Write;

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

use super::{convert, writer::Writer};
use crate::error::{Code, Error, Result};

/// The directory that all models are in; its name changes when the format does.
const ROOT: &str = "pathpatch-models-1";
const ENTRY: &str = "entry.json";

/// What is known of a kept model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What people call it.
    pub title: String,
    /// The revision that its files are of, where it has one.
    pub revision: Option<String>,
    pub files: Vec<KeptFile>,
    /// Whether all of its files are there.
    pub complete: bool,
}

/// A file of a kept model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KeptFile {
    pub name: String,
    /// What the server called this version of it.
    pub etag: Option<String>,
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
                convert::text(e),
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

    /// A kept model; `None` where nothing of it is kept.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn model(&self, id: &str) -> Result<Option<Folder>> {
        match subdirectory(&self.root, id, false).await {
            Ok(directory) => Folder::read(directory, id).await.map(Some),
            Err(e) if is_not_found(&e) => Ok(None),
            Err(e) => Err(failed(id, &e)),
        }
    }

    /// An empty place for a model, in place of whatever was kept of it.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn begin(&self, id: &str, entry: Entry) -> Result<Folder> {
        self.remove(id).await?;
        let directory = subdirectory(&self.root, id, true).await;
        let folder = Folder {
            directory: directory.map_err(|e| failed(id, &e))?,
            id: id.to_string(),
            entry,
        };
        folder.write_entry().await?;
        Ok(folder)
    }

    /// Every model of which something is kept.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn list(&self) -> Result<Vec<Listed>> {
        let mut models = Vec::new();
        for id in keys(&self.root).await.map_err(|e| failed(ROOT, &e))? {
            if let Some(folder) = self.model(&id).await? {
                let bytes = folder.bytes().await?;
                let entry = folder.entry;
                models.push(Listed {
                    id,
                    title: entry.title,
                    revision: entry.revision,
                    complete: entry.complete,
                    bytes,
                });
            }
        }
        Ok(models)
    }

    /// Keep nothing of a model any more.
    ///
    /// # Errors
    /// [`Code::Io`], above all when another tab is writing it.
    pub async fn remove(&self, id: &str) -> Result<()> {
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
    directory: FileSystemDirectoryHandle,
    id: String,
    pub entry: Entry,
}

impl Folder {
    async fn read(directory: FileSystemDirectoryHandle, id: &str) -> Result<Self> {
        let mut folder = Self {
            directory,
            id: id.to_string(),
            entry: Entry::default(),
        };
        if let Some(blob) = folder.blob(ENTRY).await? {
            let bytes = read_part(&blob, 0.0, blob.size()).await?;
            // One that a closed tab left half-written is that of a model of which nothing is known.
            folder.entry = from_json(&bytes.to_vec()).unwrap_or_default();
        }
        Ok(folder)
    }

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
    /// [`Code::Io`], above all when another tab is writing it.
    pub async fn writer(&self, name: &str) -> Result<Writer> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let file = self.directory.get_file_handle_with_options(name, &options);
        let file: FileSystemFileHandle = settle(file).await.map_err(|e| self.failed(&e))?;
        let handle = settle(file.create_sync_access_handle()).await;
        let handle: FileSystemSyncAccessHandle =
            handle.map_err(|e| match exception(&e).as_deref() {
                Some("NoModificationAllowedError") => {
                    let (what, expected) = (&self.entry.title, "one download at a time");
                    Error::new(
                        Code::Io,
                        what,
                        expected,
                        "another tab that is downloading it",
                    )
                }
                _ => self.failed(&e),
            })?;
        Writer::new(handle).map_err(|e| self.failed(&e))
    }

    /// Keep a file no more.
    ///
    /// # Errors
    /// [`Code::Io`].
    pub async fn remove(&self, name: &str) -> Result<()> {
        match JsFuture::from(self.directory.remove_entry(name)).await {
            Err(e) if !is_not_found(&e) => Err(self.failed(&e)),
            _ => Ok(()),
        }
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
        let written = writer
            .truncate()
            .and_then(|()| writer.write(&Uint8Array::from(&json[..])));
        written.map_err(|e| self.failed(&e))
    }

    /// Bytes of all files.
    async fn bytes(&self) -> Result<f64> {
        let mut bytes = 0.0;
        for name in keys(&self.directory).await.map_err(|e| self.failed(&e))? {
            bytes += self.blob(&name).await?.map_or(0.0, |blob| blob.size());
        }
        Ok(bytes)
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
        true => Err("none: the page is not a secure one".into()),
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

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

fn exception(error: &JsValue) -> Option<String> {
    error.dyn_ref::<DomException>().map(DomException::name)
}

fn is_not_found(error: &JsValue) -> bool {
    exception(error).as_deref() == Some("NotFoundError")
}

fn failed(what: &str, error: &JsValue) -> Error {
    let expected = "a kept model that can be read and written";
    Error::new(Code::Io, what, expected, convert::text(error))
}
