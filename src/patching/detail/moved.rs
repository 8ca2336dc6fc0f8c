//! The tokens of the output that a patch moves most.

use burn::tensor::{Tensor, activation::softmax};
use serde::Serialize;

use crate::{error::Result, gpt2::Gpt2, patching::readout::to_host};

/// How many of the output's tokens are listed whose probability rises most, and how many whose falls most.
const MOVED: usize = 8;

/// A token of the output, where the metric reads, in the base run and in the patched one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// Its id.
    pub id: u32,
    /// Its logit in the base run, then in the patched one.
    pub logit: [f32; 2],
    /// Its probability likewise.
    pub probability: [f32; 2],
}

/// What becomes of the output where the metric reads.
///
/// # Shapes
/// - `before` and `after`: the normalised final residual stream of the base run and of the patched one, `[1, d_model]`
pub(super) async fn moved(model: &Gpt2, before: Tensor<2>, after: Tensor<2>) -> Result<Vec<Moved>> {
    let unembedding = model.unembed.of_tokens(None);
    let mut told = Vec::with_capacity(4);
    for normalised in [before, after] {
        let logits: Tensor<1> = unembedding.of_normalised(normalised).squeeze_dim(0);
        told.push(to_host(logits.clone()).await?);
        told.push(to_host(softmax(logits, 0)).await?);
    }
    let change = |id: &u32| told[3][*id as usize] - told[1][*id as usize];
    let mut ids: Vec<u32> = (0..told[0].len() as u32).collect();
    ids.sort_by(|a, b| change(b).total_cmp(&change(a)));
    let (rises, others) = ids.split_at(MOVED.min(ids.len()));
    let falls = &others[others.len().saturating_sub(MOVED)..];
    let both_ends = rises.iter().chain(falls);
    let of = |id: &u32| {
        let at = |i: usize| told[i][*id as usize];
        Moved {
            id: *id,
            logit: [at(0), at(2)],
            probability: [at(1), at(3)],
        }
    };
    Ok(both_ends.map(of).collect())
}
