//! From the bytes of a checkpoint's files, as they come, to processed weights on a device.
//!
//! A file is its header, then its tensors; each tensor goes to the device as soon as its bytes are there and
//! is dropped, so that a checkpoint is never in memory as a whole. `layout` says which tensors a GPT-2 of a
//! given shape has, `header` checks what a file says it has, `reader` takes the bytes, `process` folds and
//! centres, `index` knows checkpoints in several files. `foreign` tells what a checkpoint is that is no GPT-2's,
//! `missing` what a set of files is that is no model, `notes`
//! what a user should know of one, `size` whether a model fits into memory. Knows no files
//! and no network: bytes are pushed.

mod foreign;
mod header;
mod index;
mod layout;
mod missing;
mod notes;
mod process;
mod reader;
mod size;

use burn::tensor::Device;

use crate::{
    error::{Result, Warning},
    gpt2::{Config, Gpt2},
};

pub use index::INDEX;
pub use missing::explain_missing;
pub use size::{WASM_MEMORY, fits};

use notes::Notes;
use process::Assembly;
use reader::Reader;

/// The file of a checkpoint that is in one.
pub const WEIGHTS: &str = "model.safetensors";

/// Makes a model of the bytes of its files, processed as TransformerLens does by default.
///
/// Accepts f64, f32, f16 and bf16, and names with whatever wrappers of modules and training tools put before
/// them (`transformer.`, `module.`, `_orig_mod.`, `base_model.model.` and others); where everything that the
/// model needs is behind one other prefix, that too, with a warning. The table of a tied model may
/// be there as `wte.weight`, as `lm_head.weight`, or as both. Buffers of the causal mask are passed over, and
/// so, with a warning, are other buffers, blocks beyond `config.json`'s `n_layer`, other heads and
/// cross-attention. Tensors may come in any order.
///
/// # Errors
/// Its methods return [`Code::Checkpoint`](crate::error::Code::Checkpoint) when a file is not a complete
/// safetensors file, or the tensors are not those of a GPT-2 of this shape, or one holds a value that is not
/// finite.
pub struct Loader {
    config: Config,
    assembly: Assembly,
    notes: Notes,
}

impl Loader {
    /// A model of this shape, to be made on this device.
    pub fn new(config: Config, device: &Device) -> Self {
        Self {
            assembly: Assembly::new(config.clone(), device.clone()),
            notes: Notes::default(),
            config,
        }
    }

    /// The shape of the model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The files of a checkpoint in several, in the order of their names, from the bytes of its [`INDEX`].
    ///
    /// # Errors
    /// [`Code::Checkpoint`](crate::error::Code::Checkpoint) when the index is none, names a file outside the
    /// model's directory, lacks a tensor that the model needs, has one twice, or is of something else than a
    /// GPT-2.
    pub fn files(&mut self, index: &[u8]) -> Result<Vec<String>> {
        let (files, prefix) = index::read(index, &self.config)?;
        self.notes = Notes::behind(prefix);
        Ok(files)
    }

    /// Begin a file: [`WEIGHTS`], the whole checkpoint, or one of those that [`Loader::files`] names.
    pub fn file(&mut self, name: &str) -> FileLoader<'_> {
        let prefix = (name != WEIGHTS).then(|| self.notes.prefix.clone());
        FileLoader {
            reader: Reader::new(name, &self.config, prefix),
            assembly: &mut self.assembly,
            notes: &mut self.notes,
        }
    }

    /// What a user should know of the files that have come: where `config.json` and the tensors say different
    /// things, and what of them is not used.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.config.warnings.clone();
        warnings.extend(self.notes.warnings());
        warnings.extend(self.assembly.warning());
        warnings
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
