//! From the bytes of a checkpoint's files, as they come, to processed weights on a device.
//!
//! A file is its header, then its tensors; each tensor goes to the device as soon as its bytes are there and
//! is dropped, so that a checkpoint is never in memory as a whole. `layout` says which tensors a GPT-2 of a
//! given shape has, `header` checks what a file says it has, `reader` takes the bytes, `process` folds and
//! centres, `index` knows checkpoints in several files. Knows no files and no network: bytes are pushed.

mod header;
mod index;
mod layout;
mod process;
mod reader;

use burn::tensor::Device;

use crate::{
    error::Result,
    gpt2::{Config, Gpt2},
};

pub use index::{INDEX, files};
use process::Assembly;
use reader::Reader;

/// The file of a checkpoint that is in one.
pub const WEIGHTS: &str = "model.safetensors";

/// Makes a model of the bytes of its files, processed as TransformerLens does by default.
///
/// Accepts f32, f16 and bf16, names with or without the `transformer.` prefix, and the mask buffers and
/// repeated `lm_head.weight` that some writers add. Tensors may come in any order.
///
/// # Errors
/// Of its methods: [`Code::Checkpoint`](crate::error::Code::Checkpoint) when a file is not a complete
/// safetensors file, or the tensors are not those of a GPT-2 of this shape, or one holds a value that is not
/// finite.
pub struct Loader {
    config: Config,
    assembly: Assembly,
}

impl Loader {
    /// A model of this shape, to be made on this device.
    pub fn new(config: Config, device: &Device) -> Self {
        Self {
            assembly: Assembly::new(config.clone(), device.clone()),
            config,
        }
    }

    /// The shape of the model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Begin a file: [`WEIGHTS`], the whole checkpoint, or one of those that [`files`] names.
    pub fn file(&mut self, name: &str) -> FileLoader<'_> {
        FileLoader {
            reader: Reader::new(name, &self.config, name == WEIGHTS),
            assembly: &mut self.assembly,
        }
    }

    /// The model, once all files have come.
    ///
    /// # Errors
    /// See [`Loader`].
    pub fn finish(self) -> Result<Gpt2> {
        self.assembly.finish()
    }
}

/// Takes the bytes of one file.
pub struct FileLoader<'a> {
    reader: Reader,
    assembly: &'a mut Assembly,
}

impl FileLoader<'_> {
    /// Take the next bytes, however many.
    ///
    /// # Errors
    /// See [`Loader`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let assembly = &mut *self.assembly;
        self.reader.push(bytes, |piece| assembly.take(piece))
    }

    /// The file is at its end.
    ///
    /// # Errors
    /// See [`Loader`].
    pub fn end(self) -> Result<()> {
        self.reader.end()
    }
}

/// A model of a checkpoint in one file, of which all bytes are at hand.
///
/// # Errors
/// See [`Loader`].
pub fn load(config: Config, file: &[u8], device: &Device) -> Result<Gpt2> {
    let mut loader = Loader::new(config, device);
    let mut whole = loader.file(WEIGHTS);
    whole.push(file)?;
    whole.end()?;
    loader.finish()
}
