//! One edge by itself on one pair of prompts: what its ends do, what changes where it is read, what follows.

mod head;
mod moved;

use burn::tensor::Tensor;
use serde::Serialize;

pub use head::{HeadDetail, head_detail};
pub use moved::Moved;

use super::{
    baseline::Baselines,
    both::Both,
    entries::Entries,
    forward::Forward,
    graph::{Component, Edge, Graph, Head, Receiver, Sender, Stage},
    job::Variant,
    patch::LayerNorm,
    plan::Reads,
    read::change_as_read,
    readout::{Readout, rows_read, to_host},
    runs::{Runs, one_pair},
    scale::{Sums, finite},
    slice::Slice,
};
#[cfg(doc)]
use crate::error::Code;
use crate::{
    error::Result,
    metric::Metric,
    ops::{attention, layer_norm},
};
use head::{Reading, look, look_at_head, of_head};
use moved::moved;

/// What an edge does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeDetail {
    /// The sender, if it is a head.
    pub src: Option<HeadDetail>,
    /// The head that reads; `None` for an MLP and the logits.
    pub dst: Option<HeadDetail>,
    /// That head's attention once its component is patched, `[pos (query), pos (key)]`; empty without a head.
    pub patched: Vec<f32>,
    /// Length of what the patch adds to what is read, at each position: to the head's component, or to the normalised
    /// input of an MLP or of the unembedding.
    pub added: Vec<f32>,
    /// Length of what is read there in the base run, at each position.
    pub length: Vec<f32>,
    /// The metric of the two runs.
    pub metric: Both<f32>,
    /// The metric of the patched run: the edge's entry in a table.
    pub value: f32,
    /// The tokens of the output whose probability the patch moves most, largest rise first.
    pub moved: Vec<Moved>,
}

/// Look at one edge, in the direction and with the replacement of the runs.
///
/// # Errors
/// [`Code::Source`] for an edge that the model does not have; those of [`head_detail`]; [`Code::Metric`] as for a sweep.
pub async fn edge_detail(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    edge: Edge,
    layer_norm: LayerNorm,
) -> Result<EdgeDetail> {
    let config = &runs.model.config;
    Graph::of(config).check(edge)?;
    one_pair(&runs.batch)?;
    let targets = runs.batch.targets();
    let reads = Reads::of(metric, &runs.batch, config)?;
    let enter = edge.to.reads(config.n_layers);
    let mut stages = vec![enter];
    if let Sender::Head(src) = edge.from {
        stages.push(Stage::pre(src.layer));
    }
    let slice = runs.look(reads.positions, &stages).await?;
    let readout = Readout::new(slice.clone(), metric, &[0], runs.memory());
    let mut baselines = Baselines::new(runs.direction());
    baselines.add(&readout).await?;
    let (metric_of_runs, scale) = baselines.scale(metric)?;

    let entries = Entries::none(runs.model);
    let forward = Forward::new(&readout, layer_norm, &entries);
    let variant = Variant::whole(edge);
    let patched = forward.run(enter, &[variant]).await?;
    let reading = readout.of_variants(patched.clone(), 1).await?;
    let numbers = reading.values().await?;
    let mut sums = Sums::default();
    scale.add(&mut sums, &numbers, 0);
    let value = finite(scale.value(&sums), || format!("edge {edge}"))?;

    let reading = Reading::of(runs.model, &targets);
    let window = slice.window;
    let patched_row = match reads.positions {
        // Only what the metric reads was computed in the last layer.
        Some(positions) => Some((positions[0], 0)),
        None => Some(reading.position)
            .filter(|position| *position >= window.first)
            .map(|position| (position, position - window.first)),
    };
    let position = patched_row.map_or(reading.position, |(position, _)| position);
    let before = readout.normalise(rows_read(&slice.base_final, &[position]));
    let after = match patched_row {
        Some((_, row)) => patched.narrow(0, row, 1),
        None => before.clone(),
    };

    let src = match edge.from {
        Sender::Head(head) => Some(look_at_head(&slice, &reading, head).await?),
        Sender::Input | Sender::Mlp(_) => None,
    };
    let (dst, read) = match edge.to {
        Receiver::Head(head, component) => {
            let dst = look_at_head(&slice, &reading, head).await?;
            let base_pattern = dst.pattern.base(slice.direction);
            let read = read_by_head(&slice, &forward, variant, (head, component), base_pattern);
            let read = read.await?;
            (Some(dst), read)
        }
        Receiver::Mlp(_) | Receiver::Logits => {
            let read = read_normalised(&slice, variant, enter, layer_norm).await?;
            (None, read)
        }
    };
    let mut added = vec![0.0; window.first];
    added.extend(read.added);
    Ok(EdgeDetail {
        src,
        dst,
        patched: read.pattern,
        added,
        length: read.length,
        metric: metric_of_runs,
        value,
        moved: moved(runs.model, before, after).await?,
    })
}

/// What is read where an edge ends.
struct Read {
    /// The head's attention with the patch.
    pattern: Vec<f32>,
    /// Length of what the patch adds, on the rows.
    added: Vec<f32>,
    /// Length of what the base run has, at each position.
    length: Vec<f32>,
}

/// A component of a head.
async fn read_by_head(
    slice: &Slice<'_>,
    forward: &Forward<'_, '_, '_>,
    variant: Variant,
    (head, component): (Head, Component),
    base_pattern: &[f32],
) -> Result<Read> {
    let window = slice.window;
    let into = forward.components(head.layer, &[variant]).await?;
    // Before the first row nothing is changed, and a value changes no pattern.
    let mut pattern = base_pattern.to_vec();
    if component != Component::V {
        let qkv = forward.patched_input(&[variant], &into.destination, into.delta.clone());
        let [q, k, v] = qkv;
        let (patched, _) = attention(q, k, v, slice.mask(&(0..window.rows)).unsqueeze());
        pattern.truncate(window.first * window.end());
        pattern.extend(to_host(patched.flatten(0, 3)).await?);
    }
    let base = &look(slice, Stage::pre(head.layer)).base;
    let base = of_head(slice, head, base).await?[component as usize].clone();
    Ok(Read {
        pattern,
        added: to_host(lengths(into.delta.flatten(0, 2))).await?,
        length: to_host(lengths(base)).await?,
    })
}

/// The normalised input of an MLP or of the unembedding.
async fn read_normalised(
    slice: &Slice<'_>,
    variant: Variant,
    enter: Stage,
    mode: LayerNorm,
) -> Result<Read> {
    let base = &look(slice, enter).base;
    let [pos, d_model] = base.dims();
    let on_rows = slice.flat_rows(&base.clone().reshape([1, pos, d_model]));
    let change = change_as_read(slice, &on_rows, &[variant], mode);
    let normalised = layer_norm(base.clone(), slice.model.config.eps).0;
    Ok(Read {
        pattern: Vec::new(),
        added: to_host(lengths(change.squeeze_dim(0))).await?,
        length: to_host(lengths(normalised)).await?,
    })
}

/// Length of each row, `[rows]`.
fn lengths(rows: Tensor<2>) -> Tensor<1> {
    rows.square().sum_dim(1).sqrt().squeeze_dim(1)
}
