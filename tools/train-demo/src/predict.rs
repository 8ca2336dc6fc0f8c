//! A model's predictions after prompts, computed with the library's own forward pass.

use burn::tensor::Tensor;
use pathpatch::{
    error::Result,
    gpt2::Gpt2,
    patching::Runs,
    pause::NoPause,
    prompt::{Batch, PromptPair},
};

/// Logits of each prompt at its last token, row by row.
///
/// # Errors
/// If a prompt does not fit the model.
pub fn last_logits(model: &Gpt2, prompts: impl Iterator<Item = Vec<u32>>) -> Result<Vec<Vec<f32>>> {
    let batch = Batch::new(prompts.map(pair_of).collect(), None, &model.config)?;
    let runs = Runs::new(model, &batch, &NoPause);
    let output = pollster::block_on(runs.clean_output())?;
    Ok(host(output.logits())
        .chunks(model.config.d_vocab)
        .map(<[f32]>::to_vec)
        .collect())
}

/// A prompt as both prompts of a pair, for functions that take pairs.
pub fn pair_of(ids: Vec<u32>) -> PromptPair {
    PromptPair {
        corrupted: ids.clone(),
        clean: ids,
        answers: Vec::new(),
        distractors: Vec::new(),
    }
}

/// A tensor's numbers, row by row.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("f32 on the CPU")
}
