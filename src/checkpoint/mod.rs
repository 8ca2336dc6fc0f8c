//! From the bytes of `model.safetensors` to processed weights on a device.
//!
//! `layout` says which tensors a GPT-2 of a given shape has, `file` reads and checks the bytes, `process`
//! folds and centres. Leaves out sharded files and streaming: the file is in memory as a whole.

mod file;
mod layout;
mod process;

use burn::tensor::Device;

use crate::{
    error::Result,
    gpt2::{Config, Gpt2},
};

/// Read a checkpoint and process it as TransformerLens does by default.
///
/// Accepts f32, f16 and bf16, names with or without the `transformer.` prefix, and the mask buffers and
/// repeated `lm_head.weight` that some writers add.
///
/// # Errors
/// [`Code::Checkpoint`](crate::error::Code::Checkpoint) when the file is not a complete safetensors
/// file, or its tensors are not those of a GPT-2 of this shape, or one holds a value that is not finite.
pub fn load(config: Config, file: &[u8], device: &Device) -> Result<Gpt2> {
    let file = file::CheckpointFile::open(file, &config)?;
    process::process(config, &file, device)
}
