//! One edge, or one head, by itself on one pair of prompts: what it looks at, what changes, what follows.
//!
//! ```text
//! attribution[k] = pattern[p, k] (v[k] @ W_O[head]) . u / ln_final_scale[p],   p where the metric reads
//! ```
//!
//! with u the direction of the answer's logit, less the distractor's where there is one: direct logit
//! attribution as in Wang et al. (2022), split over the tokens that the head reads from. With several answers or
//! distractors, u takes the mean of their logits. The bias of the attention's output belongs to no head and is left out.

use burn::tensor::{Tensor, TensorData, activation::softmax};
use serde::Serialize;

use super::{
    Component, Head, LayerNorm, Read,
    plan::Reads,
    readout::{Readout, rows_read, to_host},
    runs::Runs,
    scale::{Baselines, Sums, finite},
    schedule::{Chunk, Edge},
    slice::{Look, Slice},
};
use crate::{
    error::{Code, Error, Result},
    gpt2::{Gpt2, attention, causal_mask, layer_norm},
    metric::{Metric, Targets},
    pause::Pause,
    prompt::Batch,
};

/// How many of the output's tokens are listed whose probability rises most, and how many whose falls most.
const MOVED: usize = 8;

/// The same of the clean and of the corrupted run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
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
    let slice = runs.look(Some(&targets.positions), &[head.layer]).await?;
    look_at(&slice, &Reading::of(model, &targets), head).await
}

/// Look at one edge.
///
/// # Errors
/// Those of [`head_detail`]; [`Code::Source`] too where the destination does not come after the source;
/// [`Code::Metric`] as for a sweep.
pub async fn edge_detail(
    runs: &Runs<'_>,
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
    one_pair(&runs.batch)?;
    let targets = runs.batch.targets();
    let chunk = Chunk {
        layer: dst.layer,
        edges: vec![Edge { src: 0, dst }],
    };
    let read = Read {
        component,
        layer_norm,
    };
    let reads = Reads::of(metric, &runs.batch, &runs.model.config)?;
    let slice = runs.look(reads.positions, &[src.layer, dst.layer]).await?;
    let readout = Readout::new(slice.clone(), metric, 0..1, runs.memory());
    let mut baselines = Baselines::default();
    baselines.add(&readout).await?;
    let (metric_of_runs, scale) = baselines.scale(metric)?;

    let destination = slice.destination(dst.layer).await?;
    let delta = slice
        .delta_component(&[src], &chunk, read, &destination)
        .await?;
    let [q, k, v] = slice.patched_input(&chunk.edges, read, &destination, delta.clone());
    let (pattern, _) = attention(q, k, v, slice.mask(&(0..slice.rows)).unsqueeze());
    let resid = readout.final_resid(&[src], &chunk, read).await?;
    let numbers = readout.of_edges(resid.clone(), 1).await?;
    let mut value = Sums::default();
    scale.add(&mut value, &numbers[0], 0);
    let value = finite(scale.value(&value), || format!("edge {src} to {dst}"))?;

    let reading = Reading::of(runs.model, &targets);
    let patched_row = match reads.positions {
        // Only what the metric reads was computed in the last layer.
        Some(positions) => Some((positions[0], 0)),
        None => Some(reading.position)
            .filter(|position| *position >= slice.first)
            .map(|position| (position, position - slice.first)),
    };
    let position = patched_row.map_or(reading.position, |(position, _)| position);
    let before = rows_read(&slice.corrupted_final, &[position]);
    let after = match patched_row {
        Some((_, row)) => resid.narrow(0, row, 1),
        None => before.clone(),
    };

    let src = look_at(&slice, &reading, src).await?;
    let corrupted = &look(&slice, dst.layer).corrupted;
    let component = of_head(&slice, dst, corrupted)[component as usize].clone();
    let dst = look_at(&slice, &reading, dst).await?;
    // Before the first row nothing is changed, and a value changes no pattern.
    let pos = slice.first + slice.rows;
    let mut patched = dst.pattern.corrupted.clone();
    if read.component != Component::V {
        patched.truncate(slice.first * pos);
        patched.extend(to_host(pattern.flatten(0, 3)).await?);
    }
    let mut added = vec![0.0; slice.first];
    added.extend(to_host(lengths(delta.flatten(0, 2))).await?);
    Ok(EdgeDetail {
        src,
        dst,
        patched,
        added,
        length: to_host(lengths(component)).await?,
        metric: metric_of_runs,
        value,
        moved: moved(runs.model, before, after).await?,
    })
}

fn one_pair(batch: &Batch) -> Result<()> {
    match batch.pairs().len() {
        1 => Ok(()),
        n => Err(Error::new(Code::Clean, "prompt pairs", "one to look at", n)),
    }
}

/// Where the answers' mean logit, less the distractors', is read, and along what.
struct Reading {
    position: usize,
    /// In the normalised residual stream, `[d_model, 1]`; `None` without an answer.
    direction: Option<Tensor<2>>,
}

impl Reading {
    fn of(model: &Gpt2, targets: &Targets) -> Self {
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

/// The residual stream before a layer that was asked for.
fn look<'s>(slice: &'s Slice<'_>, layer: usize) -> &'s Look {
    let mut looks = slice.looks.iter();
    let look = looks.find(|look| look.layer == layer);
    look.expect("the runs were asked for the layers of both ends")
}

/// One head on both prompts.
async fn look_at(slice: &Slice<'_>, reading: &Reading, head: Head) -> Result<HeadDetail> {
    let look = look(slice, head.layer);
    let clean = in_run(slice, &look.clean, &slice.clean_final, reading, head);
    let (clean_pattern, clean_attribution) = clean.await?;
    let corrupted = in_run(
        slice,
        &look.corrupted,
        &slice.corrupted_final,
        reading,
        head,
    );
    let (pattern, attribution) = corrupted.await?;
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

/// q, k and v of one head, each `[pos, d_head]`.
///
/// # Shapes
/// - `resid_pre`: the residual stream before its layer, `[pos, d_model]`
fn of_head(slice: &Slice<'_>, head: Head, resid_pre: &Tensor<2>) -> [Tensor<2>; 3] {
    let config = &slice.model.config;
    let block = &slice.model.blocks[head.layer];
    let (normalised, _) = layer_norm(resid_pre.clone(), block.eps);
    [0, 1, 2].map(|component| {
        let first = component * config.d_model + head.head * config.d_head;
        let w = block.w_qkv.clone().narrow(1, first, config.d_head);
        let b = block.b_qkv.clone().narrow(0, first, config.d_head);
        normalised.clone().matmul(w) + b.unsqueeze()
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
            let along = w_o.matmul(direction.clone() / ln_final_scale);
            let row = pattern.clone().narrow(0, position, 1).transpose();
            to_host((v.matmul(along) * row).flatten(0, 1)).await?
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
/// - `before` and `after`: the final residual stream of the corrupted and of the patched run, `[1, d_model]`
async fn moved(model: &Gpt2, before: Tensor<2>, after: Tensor<2>) -> Result<Vec<Moved>> {
    let unembedding = model.unembed.of_tokens(None);
    let mut told = Vec::with_capacity(4);
    for resid in [before, after] {
        let logits: Tensor<1> = unembedding.logits(resid).squeeze_dim(0);
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
