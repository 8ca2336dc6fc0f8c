//! Turns the bytes of a checkpoint's files, as they arrive, into processed weights on a device.
//!
//! A file is a header followed by tensors. Each tensor goes to the device as soon as its bytes are complete and is
//! then dropped, so the whole checkpoint is never in memory at once.
//!
//! - `layout`: which tensors a GPT-2 of a given shape has
//! - `header`: checks a file's list of tensors
//! - `reader`: takes the bytes
//! - `process`: folds and centres weights
//! - `index`: checkpoints in several files
//! - `foreign`: recognises checkpoints that are not a GPT-2
//! - `missing`: explains why a set of files is not a model
//! - `notes`: what a user should know about a checkpoint
//! - `size`: whether a model fits into memory
//!
//! Nothing here opens a file or a connection: the caller pushes the bytes.

mod errors;
mod foreign;
mod header;
mod index;
mod layout;
mod missing;
mod notes;
mod process;
mod reader;
mod size;

use std::rc::Rc;

use burn::tensor::Device;

use crate::{
    device::WeightType,
    error::{Result, Warning},
    gpt2::{Config, Gpt2, Lender},
};

pub use index::{INDEX, WEIGHTS};
pub use missing::explain_missing;
pub use size::{WASM_MEMORY, fits};

use notes::Notes;
use process::Assembly;
use reader::Reader;

/// Builds a model from the bytes of its files, with TransformerLens's default weight processing.
///
/// Accepts f64, f32, f16 and bf16. Names may have the prefixes of module wrappers and training tools
/// (`transformer.`, `module.`, `_orig_mod.`, `base_model.model.` and others); any other prefix is accepted with a
/// warning if a complete model follows it. The table of a tied model may be `wte.weight`, `lm_head.weight`, or both.
/// Buffers of the causal mask are ignored. Other buffers, blocks beyond `config.json`'s `n_layer`, other heads and
/// cross-attention are ignored with a warning. Tensors may come in any order.
///
/// # Errors
/// Its methods return [`Code::Checkpoint`](crate::error::Code::Checkpoint) when a file is not a complete
/// safetensors file, when the tensors are not those of a GPT-2 of this shape, or when a value is not finite.
pub struct Loader {
    config: Config,
    assembly: Assembly,
    notes: Notes,
}

impl Loader {
    /// Begin a model of this shape on this device.
    pub fn new(config: Config, device: &Device) -> Self {
        Self {
            assembly: Assembly::new(config.clone(), device.clone()),
            notes: Notes::default(),
            config,
        }
    }

    /// Store what products read like this; only GPUs store f16.
    #[must_use]
    pub fn storing(mut self, weights: WeightType) -> Self {
        self.assembly.weights = weights;
        self
    }

    /// Hand each block to who holds it, as soon as it is complete.
    pub fn share(&mut self, lender: Rc<dyn Lender>) {
        self.assembly.lender = Some(lender);
    }

    /// The shape of the model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The files of a checkpoint in several files, sorted by name, from the bytes of its [`INDEX`].
    ///
    /// # Errors
    /// [`Code::Checkpoint`](crate::error::Code::Checkpoint) when the JSON is not an index, names a file outside the
    /// model's directory, lacks a tensor that the model needs, lists one twice, or belongs to something else than a
    /// GPT-2.
    pub fn files(&mut self, index: &[u8]) -> Result<Vec<String>> {
        let (files, prefix) = index::read(index, &self.config)?;
        self.notes = Notes::behind(prefix);
        Ok(files)
    }

    /// Begin a file: [`WEIGHTS`], which is the whole checkpoint, or one of those that [`Loader::files`] names.
    pub fn file(&mut self, name: &str) -> FileLoader<'_> {
        let prefix = (name != WEIGHTS).then(|| self.notes.prefix.clone());
        FileLoader {
            reader: Reader::new(name, &self.config, prefix),
            assembly: &mut self.assembly,
            notes: &mut self.notes,
        }
    }

    /// Warnings about the files read so far: where `config.json` and the tensors disagree, and tensors that are not
    /// used.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.config.warnings.clone();
        warnings.extend(self.notes.warnings());
        warnings.extend(self.assembly.warning());
        warnings
    }

    /// The model, once all files have been read.
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
    notes: &'a mut Notes,
}

impl FileLoader<'_> {
    /// Take the next bytes, however many.
    ///
    /// # Errors
    /// See [`Loader`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let assembly = &mut *self.assembly;
        let pushed = self.reader.push(bytes, |piece| assembly.take(piece));
        self.notes.append(self.reader.take_notes());
        pushed
    }

    /// The file is at its end.
    ///
    /// # Errors
    /// See [`Loader`].
    pub fn end(self) -> Result<()> {
        self.reader.end()
    }
}

/// Load a checkpoint that is one file, from all of its bytes.
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
