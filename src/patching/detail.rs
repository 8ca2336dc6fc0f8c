//! One edge, or one head, by itself on one pair of prompts: what it looks at, what changes, what follows.
//!
//! ```text
//! attribution[k] = pattern[p, k] (v[k] @ W_O[head]) . u / ln_final_scale[p],   p where the metric reads
//! ```
//!
//! with u the direction of the answer's logit, less the distractor's where there is one: direct logit
//! attribution as in Wang et al. (2022), split over the tokens that the head reads from. The bias of the
//! attention's output belongs to no head and is left out.

use burn::tensor::{Tensor, TensorData, activation::softmax};
use serde::Serialize;

use super::{
    Component, Head, LayerNorm, Read,
    readout::Readout,
    runs::Runs,
    schedule::{Chunk, Edge},
    sweep::{baseline, read_back, to_host},
};
use crate::{
    error::{Code, Error, Result},
    gpt2::{ActivationCache, Gpt2, layer_norm},
    metric::{Metric, Targets},
    pause::Pause,
    prompt::Batch,
};

/// How many of the output's tokens are told, each way.
const MOVED: usize = 8;

/// The same of the clean and of the corrupted run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Both<T> {
    /// On the clean prompt.
    pub clean: T,
    /// On the corrupted prompt.
    pub corrupted: T,
}

/// What a head does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeadDetail {
    /// Attention from each position to each, row-major `[pos (query), pos (key)]`.
    pub pattern: Both<Vec<f32>>,
    /// Direct logit attribution by the token read from, `[pos]`; its sum is the head's. Empty without an
    /// answer.
    pub attribution: Both<Vec<f32>>,
}

/// What an edge does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeDetail {
    /// The source head.
    pub src: HeadDetail,
    /// The destination head.
    pub dst: HeadDetail,
    /// The destination's attention once its component is patched, `[pos (query), pos (key)]`.
    pub patched: Vec<f32>,
    /// Length of what the patch adds to the component, at each position.
    pub added: Vec<f32>,
    /// Length of the component in the corrupted run, at each position.
    pub length: Vec<f32>,
    /// The metric of the two runs.
    pub metric: Both<f32>,
    /// The metric of the patched run: the edge's entry in a grid.
    pub value: f32,
    /// The tokens of the output whose probability the patch moves most, largest rise first.
    pub moved: Vec<Moved>,
}

/// A token of the output, where the metric reads, in the corrupted run and in the patched one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// Its id.
    pub id: u32,
    /// Its logit in the corrupted run, then in the patched one.
    pub logit: [f32; 2],
    /// Its probability likewise.
    pub probability: [f32; 2],
}

/// Look at one head.
///
/// # Errors
/// [`Code::Source`] for a head the model has not; [`Code::Clean`] for more than one pair; [`Code::Device`]
/// when the device fails; whatever ends a pause.
pub async fn head_detail(
    model: &Gpt2,
    batch: &Batch,
    head: Head,
    pause: &dyn Pause,
) -> Result<HeadDetail> {
    head.check("head", &model.config)?;
    one_pair(batch)?;
    let clean = clean_run(model, batch, pause).await?;
    let runs = Runs::new(model, batch, pause).await?;
    look_at(&runs, &clean, &Reading::of(&runs, &batch.targets()), head).await
}

/// Look at one edge.
///
/// # Errors
/// Those of [`head_detail`]; [`Code::Source`] too where the destination does not come after the source;
/// [`Code::Metric`] as for a sweep.
pub async fn edge_detail(
    runs: &Runs<'_>,
    batch: &Batch,
    metric: &dyn Metric,
    ends: [Head; 2],
    component: Component,
    layer_norm: LayerNorm,
) -> Result<EdgeDetail> {
    let [src, dst] = ends;
    src.check("source head", &runs.model.config)?;
    dst.check("destination head", &runs.model.config)?;
    if dst.layer <= src.layer {
        let expected = format!("a head after layer {}", src.layer);
        return Err(Error::new(Code::Source, "destination head", expected, dst));
    }
    one_pair(batch)?;
    let clean = clean_run(runs.model, batch, runs.pause).await?;
    let targets = batch.targets();
    let chunk = Chunk {
        layer: dst.layer,
        edges: vec![Edge { src: 0, dst }],
    };
    let read = Read {
        component,
        layer_norm,
    };

    let destination = runs.destination(dst.layer);
    let delta = runs.delta_component(&[src], &chunk, read, &destination);
    let (pattern, _) = runs.patched_attention(&chunk, read, &destination, delta.clone());
    let of_head = &runs.corrupted.blocks[dst.layer];
    let before = match component {
        Component::Q => &of_head.q,
        Component::K => &of_head.k,
        Component::V => &of_head.v,
    };
    let before: Tensor<2> = before.clone().narrow(1, dst.head, 1).flatten(0, 2);

    let readout = Readout::of(runs, metric);
    let mut resid = runs.enter(&[src], &chunk, read, &readout);
    for layer in dst.layer + 1..runs.model.config.n_layers {
        runs.pause.pause().await?;
        resid = runs.step(layer, resid, &readout);
    }
    let (metric_of_runs, scale) = baseline(runs, metric, &readout).await?;
    let value = read_back(metric, readout.of_rows(resid.clone())).await?;

    let reading = Reading::of(runs, &targets);
    let src = look_at(runs, &clean, &reading, src).await?;
    let dst = look_at(runs, &clean, &reading, dst).await?;
    // Before the first row nothing is changed.
    let pos = runs.first + runs.rows;
    let mut patched = dst.pattern.corrupted[..runs.first * pos].to_vec();
    patched.extend(to_host(pattern.flatten(0, 3)).await?);
    let mut added = vec![0.0; runs.first];
    let delta: Tensor<2> = delta.flatten(0, 2);
    added.extend(to_host(lengths(delta)).await?);
    Ok(EdgeDetail {
        src,
        dst,
        patched,
        added,
        length: to_host(lengths(before)).await?,
        metric: metric_of_runs,
        value: scale.value(&value[0]),
        moved: moved(runs, &targets, resid).await?,
    })
}

fn one_pair(batch: &Batch) -> Result<()> {
    match batch.pairs().len() {
        1 => Ok(()),
        n => Err(Error::new(Code::Clean, "prompt pairs", "one to look at", n)),
    }
}

async fn clean_run(model: &Gpt2, batch: &Batch, pause: &dyn Pause) -> Result<ActivationCache> {
    let [clean, _] = batch.tokens();
    model.run_with_cache(&clean, pause).await
}

/// Where the answer's logit, less the distractor's, is read, and along what.
struct Reading {
    position: usize,
    /// In the normalised residual stream, `[d_model, 1]`; `None` without an answer.
    direction: Option<Tensor<2>>,
}

impl Reading {
    fn of(runs: &Runs<'_>, targets: &Targets) -> Self {
        let (tokens, signs) = match (targets.answers[0], targets.distractors[0]) {
            (Some(answer), Some(distractor)) => (vec![answer, distractor], vec![1.0f32, -1.0]),
            (Some(answer), None) => (vec![answer], vec![1.0]),
            (None, _) => (vec![], vec![]),
        };
        let direction = (!tokens.is_empty()).then(|| {
            let signs = TensorData::new(signs, [1, tokens.len()]);
            let signs = Tensor::from_data(signs, &runs.model.device());
            let unembedding = runs.model.unembed.of_tokens(Some(&tokens));
            unembedding.backward(signs).transpose()
        });
        Self {
            position: targets.positions[0],
            direction,
        }
    }
}

/// One head on both prompts.
async fn look_at(
    runs: &Runs<'_>,
    clean: &ActivationCache,
    reading: &Reading,
    head: Head,
) -> Result<HeadDetail> {
    let (clean_pattern, clean_attribution) = in_run(runs, clean, reading, head).await?;
    let (pattern, attribution) = in_run(runs, &runs.corrupted, reading, head).await?;
    Ok(HeadDetail {
        pattern: Both {
            clean: clean_pattern,
            corrupted: pattern,
        },
        attribution: Both {
            clean: clean_attribution,
            corrupted: attribution,
        },
    })
}

/// A head's pattern, `[pos * pos]`, and direct logit attribution, `[pos]`, in one run.
async fn in_run(
    runs: &Runs<'_>,
    cache: &ActivationCache,
    reading: &Reading,
    head: Head,
) -> Result<(Vec<f32>, Vec<f32>)> {
    let block = &cache.blocks[head.layer];
    let of_head = |x: &Tensor<4>| x.clone().narrow(1, head.head, 1).flatten::<2>(0, 2);
    let pattern = of_head(&block.pattern);
    let position = reading.position;
    let attribution = match &reading.direction {
        None => Vec::new(),
        Some(direction) => {
            let config = &runs.model.config;
            let read = cache.final_resid().narrow(1, position, 1).flatten(0, 1);
            let (_, ln_final_scale): (Tensor<2>, _) = layer_norm(read, config.eps);
            let w_o = runs.model.blocks[head.layer].w_o.clone();
            let w_o = w_o.narrow(0, head.head * config.d_head, config.d_head);
            let along = w_o.matmul(direction.clone() / ln_final_scale);
            let row = pattern.clone().narrow(0, position, 1).transpose();
            to_host((of_head(&block.v).matmul(along) * row).flatten(0, 1)).await?
        }
    };
    Ok((to_host(pattern.flatten(0, 1)).await?, attribution))
}

/// Length of each row, `[rows]`.
fn lengths(rows: Tensor<2>) -> Tensor<1> {
    rows.square().sum_dim(1).sqrt().squeeze_dim(1)
}

/// What becomes of the output where the metric reads.
///
/// # Shapes
/// - `resid`: the final residual stream of the patched run, `[queries, d_model]`
async fn moved(runs: &Runs<'_>, targets: &Targets, resid: Tensor<2>) -> Result<Vec<Moved>> {
    let readout = Readout::new(runs, Some(&targets.positions), None);
    let of_run = |logits: Tensor<4>| -> Tensor<1> { logits.flatten(0, 3) };
    let mut told = Vec::with_capacity(4);
    let corrupted = readout.of_whole_runs(runs.corrupted.final_resid());
    for logits in [of_run(corrupted), of_run(readout.of_rows(resid))] {
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
