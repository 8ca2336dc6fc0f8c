//! A model's directory on disk, as Hugging Face lays one out.

use std::{collections::HashMap, fs, fs::File, io::Read, path::Path};

use crate::{
    checkpoint::{self, INDEX, Loader, WEIGHTS},
    device::DeviceChoice,
    error::{Code, Error, Result},
    session::{Loading, Session},
    tokenizer::{self, Tokenizer},
};

/// Bytes that are read at once.
const CHUNK: usize = 8 << 20;

/// Load the model of a directory: `config.json`, `model.safetensors` or the files of its index, and for prompts
/// as text the files of its tokenizer, as many of [`tokenizer::FILES`] as there are.
///
/// # Errors
/// [`Code::Io`] with the path, or those of [`Session::begin`] and [`Loader`].
pub async fn load(directory: &Path, choice: DeviceChoice) -> Result<Session> {
    let names = names(directory)?;
    if !names.iter().any(|name| name == "config.json") {
        return Err(checkpoint::explain_missing(&names));
    }
    let config = read(&directory.join("config.json"))?;
    let tokenizer = tokenizer(directory)?;
    let lacks_tokenizer = tokenizer.is_none();
    let mut loading = Session::begin(&config, tokenizer, choice).await?;
    if lacks_tokenizer {
        loading.explain_tokenizer(tokenizer::explain_missing(&names));
    }
    for file in weights(directory, &names, &loading)? {
        push(loading.weights(), directory, &file)?;
    }
    loading.finish()
}

/// All bytes of a file.
///
/// # Errors
/// [`Code::Io`].
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|e| io_error(path, &e))
}

fn tokenizer(directory: &Path) -> Result<Option<Tokenizer>> {
    let mut files = HashMap::new();
    for name in tokenizer::FILES {
        let path = directory.join(name);
        if tokenizer::is_needed(name, files.contains_key("tokenizer.json")) && path.exists() {
            files.insert(name.to_string(), read(&path)?);
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

fn weights(directory: &Path, names: &[String], loading: &Loading) -> Result<Vec<String>> {
    let has = |file: &str| names.iter().any(|name| name == file);
    if has(WEIGHTS) {
        return Ok(vec![WEIGHTS.into()]);
    }
    if !has(INDEX) {
        return Err(checkpoint::explain_missing(names));
    }
    let files = checkpoint::files(&read(&directory.join(INDEX))?, loading.config())?;
    match files.iter().find(|file| !has(file)) {
        Some(file) => {
            let expected = format!("a file beside {INDEX}, which lists it");
            let got = "no such file: download it as well";
            Err(Error::new(Code::Io, file, expected, got))
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
