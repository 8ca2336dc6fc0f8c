//! A model's directory on disk, as Hugging Face lays one out.

use std::{collections::HashMap, fs, fs::File, io::Read, path::Path};

use crate::{
    checkpoint::{self, INDEX, Loader, WEIGHTS},
    device::LoadOptions,
    error::{Code, Error, Result},
    session::Session,
    tokenizer::{self, Tokenizer},
};

/// Bytes that are read at once.
const CHUNK: usize = 8 << 20;

/// The most bytes of files that are read as a whole, far above what they have.
const CONFIG_BYTES: usize = 1 << 20;
const INDEX_BYTES: usize = 16 << 20;
const TOKENIZER_BYTES: usize = 64 << 20;
const PAIRS_BYTES: usize = 64 << 20;

/// Load the model of a directory: `config.json`, `model.safetensors` or the files of its index, and for prompts
/// as text the files of its tokenizer, as many of [`tokenizer::FILES`] as there are.
///
/// # Errors
/// [`Code::Io`] with the path, [`Code::Checkpoint`] when a file of the model is not there, or those of
/// [`Session::begin`] and [`Loader`].
pub async fn load(directory: &Path, options: impl Into<LoadOptions>) -> Result<Session> {
    let names = names(directory)?;
    if !names.iter().any(|name| name == "config.json") {
        return Err(lacks(&names));
    }
    let config = config(directory)?;
    let tokenizer = tokenizer(directory)?;
    let lacks_tokenizer = tokenizer.is_none();
    let mut loading = Session::begin(&config, tokenizer, options).await?;
    if lacks_tokenizer {
        loading.explain_tokenizer(tokenizer::explain_missing(&names));
    }
    for file in weights(directory, &names, loading.weights())? {
        push(loading.weights(), directory, &file)?;
    }
    loading.finish()
}

/// The bytes of a directory's `config.json`.
///
/// # Errors
/// [`Code::Io`], or [`Code::Config`] when it is far too large to be one.
pub fn config(directory: &Path) -> Result<Vec<u8>> {
    at_most(&directory.join("config.json"), CONFIG_BYTES, Code::Config)
}

/// The bytes of a file of prompt pairs.
///
/// # Errors
/// [`Code::Io`], or [`Code::Clean`] when it is larger than what is read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    at_most(path, PAIRS_BYTES, Code::Clean)
}

/// All bytes of a file of at most so many.
///
/// # Errors
/// [`Code::Io`], and the code of its kind when there are more.
fn at_most(path: &Path, most: usize, code: Code) -> Result<Vec<u8>> {
    let failed = |e| io_error(path, &e);
    let mut bytes = Vec::new();
    // Not by what the file says of its size: a pipe says 0.
    let mut file = File::open(path).map_err(failed)?.take(most as u64 + 1);
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > most {
        let expected = format!("a file of at most {} MiB", most >> 20);
        return Err(Error::new(code, path.display(), expected, "a larger one"));
    }
    Ok(bytes)
}

/// The error of a directory that holds no model: bad input, and no failure of a disk.
fn lacks(names: &[String]) -> Error {
    Error {
        code: Code::Checkpoint,
        ..checkpoint::explain_missing(names)
    }
}

fn tokenizer(directory: &Path) -> Result<Option<Tokenizer>> {
    let mut files = HashMap::new();
    for name in tokenizer::FILES {
        let path = directory.join(name);
        if tokenizer::is_needed(name, files.contains_key("tokenizer.json")) && path.exists() {
            let bytes = at_most(&path, TOKENIZER_BYTES, Code::Tokenizer)?;
            files.insert(name.to_string(), bytes);
        }
    }
    Tokenizer::from_files(&files)
}

/// Names of the files and directories in a model's directory.
fn names(directory: &Path) -> Result<Vec<String>> {
    let failed = |e: std::io::Error| {
        let expected = "the directory of a model, with config.json and model.safetensors";
        Error::new(Code::Io, directory.display(), expected, e)
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        names.push(name.to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

fn weights(directory: &Path, names: &[String], loader: &mut Loader) -> Result<Vec<String>> {
    let has = |file: &str| names.iter().any(|name| name == file);
    if has(WEIGHTS) {
        return Ok(vec![WEIGHTS.into()]);
    }
    if !has(INDEX) {
        return Err(lacks(names));
    }
    let index = at_most(&directory.join(INDEX), INDEX_BYTES, Code::Checkpoint)?;
    let files = loader.files(&index)?;
    match files.iter().find(|file| !has(file)) {
        Some(file) => {
            let expected = format!("a file beside {INDEX}, which lists it");
            let got = "no such file: download it as well";
            Err(Error::new(Code::Checkpoint, file, expected, got))
        }
        None => Ok(files),
    }
}

fn push(loader: &mut Loader, directory: &Path, name: &str) -> Result<()> {
    let path = directory.join(name);
    let failed = |e| io_error(&path, &e);
    let mut file = File::open(&path).map_err(failed)?;
    let mut chunk = vec![0; CHUNK];
    let mut weights = loader.file(name);
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => return weights.end(),
            n => weights.push(&chunk[..n])?,
        }
    }
}

fn io_error(path: &Path, error: &std::io::Error) -> Error {
    let expected = "a file that can be used";
    Error::new(Code::Io, path.display(), expected, error)
}
