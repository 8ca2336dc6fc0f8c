//! One head on one pair of prompts: what it looks at and what it writes along the answer.
//!
//! ```text
//! attribution[k] = pattern[p, k] (v[k] @ W_O[head]) . u / ln_final_scale[p],   p where the metric reads
//! ```
//!
//! with u the direction of the answer's logit, less the distractor's where there is one: direct logit
//! attribution as in Wang et al. (2022), split over the tokens that the head reads from. With several answers or
//! distractors, u takes the mean of their logits. The bias of the attention's output belongs to no head and is left out.

use burn::tensor::{Tensor, TensorData};
use serde::Serialize;

#[cfg(doc)]
use crate::error::Code;
use crate::{
    error::Result,
    gpt2::Gpt2,
    metric::Targets,
    ops::{attention, causal_mask, layer_norm, matmul},
    patching::{
        both::Both,
        graph::{Head, Stage},
        readout::{rows_read, to_host},
        runs::{Runs, one_pair},
        slice::{Look, Slice},
    },
    pause::Pause,
    prompt::Batch,
};

/// What a head does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadDetail {
    /// Attention from each position to each, row-major `[pos (query), pos (key)]`.
    pub pattern: Both<Vec<f32>>,
    /// Direct logit attribution by the token read from, `[pos]`; its sum is the head's. Empty without an
    /// answer.
    pub attribution: Both<Vec<f32>>,
}

/// Look at one head.
///
/// # Errors
/// [`Code::Source`] for a head that the model does not have; [`Code::Clean`] for more than one pair;
/// [`Code::PromptLength`] for a prompt whose attention patterns memory does not hold; [`Code::Device`] when the device
/// fails; whatever ends a pause.
pub async fn head_detail(
    model: &Gpt2,
    batch: &Batch,
    head: Head,
    pause: &dyn Pause,
) -> Result<HeadDetail> {
    head.check("head", &model.config)?;
    one_pair(batch)?;
    let targets = batch.targets();
    let runs = Runs::new(model, batch, pause);
    let stages = [Stage::pre(head.layer)];
    let slice = runs.look(Some(&targets.positions), &stages).await?;
    look_at_head(&slice, &Reading::of(model, &targets), head).await
}

/// Where the answers' mean logit, less the distractors', is read, and along what.
pub(super) struct Reading {
    pub position: usize,
    /// In the normalised residual stream, `[d_model, 1]`; `None` without an answer.
    direction: Option<Tensor<2>>,
}

impl Reading {
    pub fn of(model: &Gpt2, targets: &Targets) -> Self {
        let (answers, distractors) = (&targets.answers[0], &targets.distractors[0]);
        let direction = (!answers.is_empty()).then(|| {
            let shares = |ids: &[u32], sign: f32| vec![sign / ids.len() as f32; ids.len()];
            let tokens = [&answers[..], distractors].concat();
            let weights = [shares(answers, 1.0), shares(distractors, -1.0)].concat();
            let weights = TensorData::new(weights, [1, tokens.len()]);
            let weights = Tensor::from_data(weights, &model.device());
            let unembedding = model.unembed.of_tokens(Some(&tokens));
            unembedding.backward(weights).transpose()
        });
        Self {
            position: targets.positions[0],
            direction,
        }
    }
}

/// The residual stream at a stage that was asked for.
pub(super) fn look<'s>(slice: &'s Slice<'_>, stage: Stage) -> &'s Look {
    let look = slice.looks.iter().find(|look| look.stage == stage);
    look.expect("the runs were asked for the stages of both ends")
}

/// One head on both prompts.
pub(super) async fn look_at_head(
    slice: &Slice<'_>,
    reading: &Reading,
    head: Head,
) -> Result<HeadDetail> {
    let look = look(slice, Stage::pre(head.layer));
    let base = in_run(slice, &look.base, &slice.base_final, reading, head);
    let (base_pattern, base_attribution) = base.await?;
    let other = in_run(slice, &look.other, &slice.other_final, reading, head);
    let (other_pattern, other_attribution) = other.await?;
    let direction = slice.direction;
    Ok(HeadDetail {
        pattern: Both::told(direction, base_pattern, other_pattern),
        attribution: Both::told(direction, base_attribution, other_attribution),
    })
}

/// q, k and v of one head, each `[pos, d_head]`.
///
/// # Shapes
/// - `resid_pre`: the residual stream before its layer, `[pos, d_model]`
pub(super) fn of_head(slice: &Slice<'_>, head: Head, resid_pre: &Tensor<2>) -> [Tensor<2>; 3] {
    let config = &slice.model.config;
    let block = &slice.model.blocks[head.layer];
    let (normalised, _) = layer_norm(resid_pre.clone(), block.eps);
    [0, 1, 2].map(|component| {
        let first = component * config.d_model + head.head * config.d_head;
        let w = block.w_qkv.clone().narrow(1, first, config.d_head);
        let b = block.b_qkv.clone().narrow(0, first, config.d_head);
        matmul(normalised.clone(), w) + b.unsqueeze()
    })
}

/// A head's pattern, `[pos * pos]`, and direct logit attribution, `[pos]`, in one run.
///
/// # Shapes
/// - `resid_pre`: before its layer, `[pos, d_model]`; `final_resid`: `[1, pos, d_model]`
async fn in_run(
    slice: &Slice<'_>,
    resid_pre: &Tensor<2>,
    final_resid: &Tensor<3>,
    reading: &Reading,
    head: Head,
) -> Result<(Vec<f32>, Vec<f32>)> {
    let [pos, _] = resid_pre.dims();
    let [q, k, v] = of_head(slice, head, resid_pre);
    let mask = causal_mask(pos, pos, &q.device());
    let (pattern, _) = attention(q, k, v.clone(), mask);
    slice.steps.pause.pause().await?;
    let position = reading.position;
    let attribution = match &reading.direction {
        None => Vec::new(),
        Some(direction) => {
            let config = &slice.model.config;
            let read = rows_read(final_resid, &[position]);
            let (_, ln_final_scale) = layer_norm(read, config.eps);
            let w_o = slice.model.blocks[head.layer].w_o.clone();
            let w_o = w_o.narrow(0, head.head * config.d_head, config.d_head);
            let along = matmul(w_o, direction.clone() / ln_final_scale);
            let row = pattern.clone().narrow(0, position, 1).transpose();
            to_host((matmul(v, along) * row).flatten(0, 1)).await?
        }
    };
    Ok((to_host(pattern.flatten(0, 1)).await?, attribution))
}
