//! First-order estimates of every edge from one backward pass (attribution patching).
//!
//! ```text
//! metric(c_corr + delta_c) ~ metric(corr) + sum(delta_c * d metric / d c)
//! ```
//!
//! The gradient of the metric with respect to each head's q, k and v on the corrupted run, contracted with
//! what each source would add there: all three components of all edges for the price of a few
//! forward passes. After Nanda, "Attribution Patching" (2023), and Syed et al., "Attribution Patching Outperforms
//! Automated Circuit Discovery" (2023). The backward pass is written out, so that the browser does not
//! download an autodiff engine for one function; it stays on the rows, the only ones that a
//! patch can change.
//!
//! Prompts are taken some at a time, and their gradients averaged. The contraction goes over some of the rows at a
//! time, so that neither what all sources write nor what all heads read is ever in memory at once: over 100
//! prompts of 60 tokens of GPT-2 small the first alone would be 2.7 GB.

use std::ops::Range;

use burn::tensor::Tensor;

use super::{
    baseline::Baselines,
    both::Both,
    cell::Cell,
    graph::{Component, Edge, Graph, Head, Receiver, Sender},
    grid::{Grid, all_heads},
    patch::LayerNorm,
    plan::{Part, Plan},
    readout::{Readout, to_host},
    runs::Runs,
    scale::{Scale, finite},
    scores::Scores,
    slice::{Destination, Slice},
    table::EdgeTable,
};
use crate::{
    error::{Code, Error, Result},
    gpt2::{Block, Steps, attention, layer_norm, matmul},
    metric::Metric,
};

/// First-order estimates of the full sweep, `[n_layers, n_heads, n_layers, n_heads]` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// Into queries.
    pub q: Grid,
    /// Into keys.
    pub k: Grid,
    /// Into values.
    pub v: Grid,
}

/// Estimate every edge from every head to every later head's query, key and value.
///
/// # Errors
/// [`Code::Metric`] for a metric without a gradient, one that reads where there is nothing, or a normalised one with
/// nothing to normalise by; [`Code::PromptLength`] for a prompt longer than memory allows; [`Code::Device`] when the
/// device fails; whatever ends a pause.
pub async fn estimate_direct_path_all_sources(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    layer_norm: LayerNorm,
) -> Result<Estimates> {
    let graph = Graph::of(&runs.model.config);
    let edges: Vec<Edge> = graph.edges().filter(|e| ends(*e).is_some()).collect();
    let plan = runs.plan(metric, None)?;
    let ask = Ask {
        scores: Scores::Estimate,
        layer_norm,
        edges: &edges,
        by_position: false,
    };
    let overview = overview(runs, metric, &plan, Some(&ask), |_: &Part| Ok(())).await?;
    let effects = overview.effects.ok_or_else(|| {
        let expected = "a metric with a gradient";
        Error::new(Code::Metric, "estimate", expected, "one without")
    })?;
    let mut table = EdgeTable::empty(graph, runs.direction(), overview.metric);
    effects.fill(&mut table, &overview.scale)?;
    let of = |component| table.grid(component);
    Ok(Estimates {
        q: of(Component::Q),
        k: of(Component::K),
        v: of(Component::V),
    })
}

/// What is to be estimated.
pub(super) struct Ask<'e> {
    /// How; not [`Scores::Exact`].
    pub scores: Scores,
    pub layer_norm: LayerNorm,
    pub edges: &'e [Edge],
    /// Whether estimates are split by position.
    pub by_position: bool,
}

/// Effects by position, value less the base run's metric.
#[derive(Debug, Clone, PartialEq)]
pub struct ByPosition {
    /// Positions of the longest prompt.
    pub pos: usize,
    /// `[edge, pos]`, edges in the order of [`Graph::edges`]; NaN where nothing is known.
    pub estimates: Vec<f32>,
    /// The place of an edge, and the effect of patching each position alone, `[pos]`.
    pub exact: Vec<(usize, Vec<f32>)>,
}

/// What one look at all prompts gives: the metric of both runs, and estimates where they were asked for.
pub(super) struct Overview {
    pub metric: Both<f32>,
    pub scale: Scale,
    /// `None` where they were not asked for, or the metric has no gradient.
    pub effects: Option<Effects>,
}

/// Both heads of an edge from a head to a head.
fn ends(edge: Edge) -> Option<(Head, Head, Component)> {
    match (edge.from, edge.to) {
        (Sender::Head(src), Receiver::Head(dst, component)) => Some((src, dst, component)),
        _ => None,
    }
}

/// Look at all prompts, part by part; `on_part` is called after each part.
///
/// # Errors
/// Those of [`estimate_direct_path_all_sources`], but for a metric without a gradient; what `on_part` returns.
pub(super) async fn overview(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    plan: &Plan,
    ask: Option<&Ask<'_>>,
    mut on_part: impl FnMut(&Part) -> Result<()>,
) -> Result<Overview> {
    let config = &runs.model.config;
    let mut baselines = Baselines::new(runs.direction());
    let sources = all_heads(config);
    let mut effects = ask.map(|_| HeadEffects::none(sources.len() * sources.len()));
    let prompts = runs.batch.pairs().len() as f32;
    for (i, part) in plan.parts.iter().enumerate() {
        let readout = runs.readout(plan, i, metric).await?;
        baselines.add(&readout).await?;
        if let (Some(sums), Some(ask)) = (&mut effects, ask) {
            let share = part.batch() as f32 / prompts;
            if !add_effects(sums, &readout, &sources, ask.layer_norm, share).await? {
                effects = None;
            }
        }
        on_part(part)?;
    }
    let (metric, scale) = baselines.scale(metric)?;
    let effects = ask.zip(effects).map(|(ask, effects)| {
        let graph = Graph::of(config);
        let mut by_place = vec![f32::NAN; graph.n_senders() * graph.n_receivers()];
        let number = |head: Head| head.layer * config.n_heads + head.head;
        for edge in ask.edges {
            if let Some((src, dst, component)) = ends(*edge) {
                let i = number(src) * sources.len() + number(dst);
                by_place[graph.place(*edge)] = effects.0[component as usize][i];
            }
        }
        Effects(by_place)
    });
    Ok(Overview {
        metric,
        scale,
        effects,
    })
}

/// By how much each edge would move the metric as measured, by its place.
pub(super) struct Effects(Vec<f32>);

impl Effects {
    /// The effect of the edge at a place; NaN where it is not known.
    pub fn at(&self, place: usize) -> f32 {
        self.0[place]
    }

    /// Put the estimates into a table and return their places.
    ///
    /// # Errors
    /// [`Code::Metric`] where an estimate is not a finite number.
    pub fn fill(&self, table: &mut EdgeTable, scale: &Scale) -> Result<Vec<usize>> {
        let (base, graph) = (table.base(), table.graph);
        let mut places = Vec::new();
        for edge in graph.edges() {
            let place = graph.place(edge);
            let effect = self.at(place);
            if !effect.is_nan() {
                let whose = || format!("the estimate of edge {edge}");
                let estimate = finite(base + effect / scale.unit, whose)?;
                table.cells[place] = Cell::Estimate(estimate);
                places.push(place);
            }
        }
        Ok(places)
    }

    /// The estimates by position, where they were asked for.
    pub fn by_position(self, _scale: &Scale) -> Option<ByPosition> {
        None
    }
}

/// By how much each edge between heads would move the metric, for each component, `[src, dst]`.
struct HeadEffects([Vec<f32>; 3]);

impl HeadEffects {
    /// No effects yet of a number of edges.
    fn none(edges: usize) -> Self {
        Self([0, 1, 2].map(|_| vec![0.0; edges]))
    }
}

/// Add what every edge from `sources` does to the mean of a slice's prompts, which are a `share` of all; false
/// where the metric has no gradient.
async fn add_effects(
    effects: &mut HeadEffects,
    readout: &Readout<'_, '_>,
    sources: &[Head],
    mode: LayerNorm,
    share: f32,
) -> Result<bool> {
    let slice = readout.slice();
    let config = &slice.model.config;
    let (layers, heads) = (config.n_layers, config.n_heads);
    let Some(normalised) = readout.gradient_of(&slice.base_final) else {
        return Ok(false);
    };
    slice.steps.pause.pause().await?;
    let queries = readout.last_queries();
    let resid = slice.flat_rows(&slice.base_final);
    let resid = queries.select(resid, slice.window.rows);
    let gradient = through_norm(resid, config.eps, normalised);
    let mut gradient = queries.put_back(gradient, slice.window.rows);

    let (mut places, mut parts) = (Vec::new(), Vec::new());
    for layer in (1..layers).rev() {
        let destination = slice.destination(layer).await?;
        gradient = slice.through_mlp(layer, &destination, gradient).await?;
        let through = slice.through_attention(layer, &destination, gradient.clone());
        let by_qkv = through.await?;
        for of_layer in by_layer(sources).filter(|s| sources[s.start].layer < layer) {
            places.push((layer, of_layer));
        }
        let below = places.iter().filter(|(l, _)| *l == layer);
        let below: Vec<&[Head]> = below.map(|(_, range)| &sources[range.clone()]).collect();
        let into = slice.effects_into(layer, &destination, by_qkv.clone(), &below, mode);
        parts.extend(into.await?);
        if layer > 1 {
            let before = slice.through_qkv(layer, &destination, by_qkv).await?;
            gradient = gradient + before;
        }
    }
    if parts.is_empty() {
        return Ok(true);
    }
    let numbers = parts.into_iter().map(|part| part.flatten(0, 1));
    let mut numbers = to_host(Tensor::cat(numbers.collect(), 0))
        .await?
        .into_iter();
    for (layer, of_layer) in places {
        for src in of_layer {
            for component in &mut effects.0 {
                let first = (src * layers + layer) * heads;
                let of_heads = &mut component[first..first + heads];
                for (sum, effect) in of_heads.iter_mut().zip(numbers.by_ref()) {
                    *sum += share * effect;
                }
            }
        }
    }
    Ok(true)
}

/// Where the sources of each layer stand; they come layer by layer.
fn by_layer(sources: &[Head]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    sources
        .chunk_by(|a, b| a.layer == b.layer)
        .map(move |some| {
            start += some.len();
            start - some.len()..start
        })
}

impl Slice<'_> {
    /// Effects of edges into a layer, `[src, 3 * head]` for each group of sources.
    ///
    /// # Shapes
    /// - `by_qkv`: the gradient with respect to q, k and v, `[batch * rows, 3 * d_model]`
    async fn effects_into(
        &self,
        layer: usize,
        destination: &Destination,
        by_qkv: Tensor<2>,
        below: &[&[Head]],
        mode: LayerNorm,
    ) -> Result<Vec<Tensor<2>>> {
        let block = &self.model.blocks[layer];
        let heads = block.n_heads;
        let [flat, width] = by_qkv.dims();
        let (d_model, d_head) = (width / 3, width / 3 / heads);
        let of_heads = |x: Tensor<2>| {
            let rows = x.dims()[0];
            x.reshape([rows, 3 * heads, d_head]).swap_dims(0, 1)
        };
        let w_qkv = of_heads(block.w_qkv.clone()).transpose();
        // What each head reads and what each source writes: 4 heads d_model numbers a row, a step's memory of them.
        let hidden = self.model.config.d_mlp + 4 * d_model;
        let each = (self.steps.rows * hidden / (4 * heads * d_model)).clamp(1, flat);
        let mut sums: Vec<Option<Tensor<2>>> = vec![None; below.len()];
        for first in (0..flat).step_by(each) {
            let rows = first..flat.min(first + each);
            let n = rows.len();
            let on_rows = |x: Tensor<2>| x.narrow(0, first, n);
            // What one unit of residual stream does by way of each head's q, k and v.
            let by_resid = of_heads(on_rows(by_qkv.clone())).matmul(w_qkv.clone());
            let by_resid = match mode {
                LayerNorm::Frozen => {
                    by_resid / on_rows(destination.ln1_scale.clone()).unsqueeze_dim(0)
                }
                LayerNorm::Exact => {
                    let resid_pre = on_rows(destination.resid_pre.clone());
                    through_norm(resid_pre.unsqueeze_dim(0), block.eps, by_resid)
                }
            };
            let by_resid = by_resid.reshape([3 * heads, n * d_model]).transpose();
            self.steps.pause.pause().await?;
            for (sum, sources) in sums.iter_mut().zip(below) {
                let sources: Vec<Sender> = sources.iter().map(|s| Sender::Head(*s)).collect();
                let delta_resid = self.written(&sources, rows.clone());
                let delta_resid = delta_resid.reshape([sources.len(), n * d_model]);
                let effects = delta_resid.matmul(by_resid.clone());
                *sum = Some(match sum.take() {
                    Some(before) => before + effects,
                    None => effects,
                });
                self.steps.pause.pause().await?;
            }
        }
        Ok(sums.into_iter().flatten().collect())
    }

    /// Through the products of q, k and v and the norm before them, backwards: what comes to the block's input
    /// that way, `[batch * rows, d_model]`.
    async fn through_qkv(
        &self,
        layer: usize,
        destination: &Destination,
        by_qkv: Tensor<2>,
    ) -> Result<Tensor<2>> {
        let block = &self.model.blocks[layer];
        let w_qkv = block.w_qkv.clone().transpose();
        let steps = self.steps;
        let normalised = steps.by_rows(by_qkv, |x| x.matmul(w_qkv.clone())).await?;
        let resid_pre = destination.resid_pre.clone();
        Ok(through_norm(resid_pre, block.eps, normalised))
    }

    /// Through the MLP, backwards.
    ///
    /// # Shapes
    /// - `gradient`: with respect to the block's output, `[batch * rows, d_model]`; returned with respect to
    ///   `resid_mid`, likewise
    async fn through_mlp(
        &self,
        layer: usize,
        destination: &Destination,
        gradient: Tensor<2>,
    ) -> Result<Tensor<2>> {
        let block = &self.model.blocks[layer];
        let d_model = self.model.config.d_model;
        // Three products with the hidden layer and eight copies of it where a step counts one.
        let steps = Steps {
            rows: self.steps.rows.div_ceil(4),
            ..self.steps
        };
        let both = Tensor::cat(vec![destination.resid_mid.clone(), gradient], 1);
        steps
            .by_rows(both, |both| {
                let resid_mid = both.clone().narrow(1, 0, d_model);
                mlp_backwards(block, resid_mid, both.narrow(1, d_model, d_model))
            })
            .await
    }

    /// Gradient with respect to q, k and v of all heads on the rows, `[batch * rows, 3 * d_model]`.
    ///
    /// # Shapes
    /// - `gradient`: with respect to `resid_mid`, `[batch * rows, d_model]`
    async fn through_attention(
        &self,
        layer: usize,
        destination: &Destination,
        gradient: Tensor<2>,
    ) -> Result<Tensor<2>> {
        let block = &self.model.blocks[layer];
        let (batch, rows, first) = (self.batch, self.window.rows, self.window.first);
        let [flat, d_model] = gradient.dims();
        let (heads, d_head) = (block.n_heads, d_model / block.n_heads);
        let w_o = block.w_o.clone().transpose();
        let z = self.steps.by_rows(gradient, |x| x.matmul(w_o.clone()));
        let z = z
            .await?
            .reshape([batch, rows, heads, d_head])
            .permute([2, 0, 1, 3]);
        // Six copies of the scores of some heads, or of some queries of one, in the memory of a step.
        let of_query = (first + rows).saturating_mul(6).saturating_mul(batch);
        let config = &self.model.config;
        let memory = self.steps.rows * (4 * d_model + config.d_mlp);
        let together = (memory / of_query.saturating_mul(rows)).clamp(1, heads);
        let each = (memory / of_query).clamp(1, rows);
        let mut parts = [const { Vec::new() }; 3];
        for start in (0..heads).step_by(together) {
            let n = together.min(heads - start);
            let of_heads = |x: &Tensor<4>| x.clone().narrow(0, start, n);
            let Destination { q, k, v, .. } = destination;
            let by_qkv = self.attention_backwards([q, k, v].map(of_heads), of_heads(&z), each);
            parts
                .iter_mut()
                .zip(by_qkv.await?)
                .for_each(|(all, part)| all.push(part));
        }
        let flatten = |x: Tensor<4>| x.permute([1, 2, 0, 3]).reshape([flat, d_model]);
        let by_qkv = parts.map(|part| flatten(Tensor::cat(part, 0)));
        Ok(Tensor::cat(by_qkv.to_vec(), 1))
    }

    /// Through the attention of some heads, backwards, `each` queries at a time: gradients with respect to q, k and
    /// v on the rows.
    ///
    /// # Shapes
    /// - q and `z`, the gradient with respect to z: `[head, batch, rows, d_head]`
    /// - k and v: `[head, batch, pos, d_head]`
    /// - returns `[head, batch, rows, d_head]` each
    async fn attention_backwards(
        &self,
        [q, k, v]: [Tensor<4>; 3],
        z: Tensor<4>,
        each: usize,
    ) -> Result<[Tensor<4>; 3]> {
        let (first, rows) = (self.window.first, self.window.rows);
        let mut by_q = Vec::with_capacity(rows.div_ceil(each));
        let [mut by_k, mut by_v] = [const { None::<Tensor<4>> }; 2];
        // The last queries first: they look at all keys.
        for start in (0..rows).step_by(each).rev() {
            let queries = start..rows.min(start + each);
            let asked = |x: &Tensor<4>| x.clone().narrow(2, start, queries.len());
            let seen = |x: &Tensor<4>| x.clone().narrow(2, 0, first + queries.end);
            let mask = self.mask(&queries).unsqueeze();
            let qkv = [asked(&q), seen(&k), seen(&v)];
            let [q, k, v] = attention_backwards(qkv, mask, asked(&z));
            by_q.push(q);
            for (sum, part) in [(&mut by_k, k), (&mut by_v, v)] {
                let on_rows = part.narrow(2, first, queries.end);
                *sum = Some(match sum.take() {
                    None => on_rows,
                    Some(later) => add_in_front(later, on_rows),
                });
            }
            self.steps.pause.pause().await?;
        }
        by_q.reverse();
        let [by_k, by_v] = [by_k, by_v].map(|sum| sum.expect("a part has a row"));
        Ok([Tensor::cat(by_q, 2), by_k, by_v])
    }
}

/// A sum over positions with more added to the first of them.
///
/// # Shapes
/// - `sum`: `[.., pos, d_head]`, also returned; `part`: `[.., n, d_head]` with n of at most pos
fn add_in_front(sum: Tensor<4>, part: Tensor<4>) -> Tensor<4> {
    let ([.., pos, _], [.., n, _]) = (sum.dims(), part.dims());
    let front = sum.clone().narrow(2, 0, n) + part;
    match pos - n {
        0 => front,
        left => Tensor::cat(vec![front, sum.narrow(2, n, left)], 2),
    }
}

/// Through attention, backwards: gradients with respect to q, k and v.
///
/// # Shapes
/// - q and `z`, the gradient with respect to z: `[head, batch, rows, d_head]`; k and v: `[head, batch, pos, d_head]`
/// - returns them in the shapes of q, k and v
fn attention_backwards([q, k, v]: [Tensor<4>; 3], mask: Tensor<4>, z: Tensor<4>) -> [Tensor<4>; 3] {
    let [_, _, _, d_head] = q.dims();
    let (pattern, _) = attention(q.clone(), k.clone(), v.clone(), mask);
    let by_pattern = z.clone().matmul(v.transpose());
    let mean = (pattern.clone() * by_pattern.clone()).sum_dim(3);
    let scores = pattern.clone() * (by_pattern - mean) / (d_head as f64).sqrt();
    [
        scores.clone().matmul(k),
        scores.transpose().matmul(q),
        pattern.transpose().matmul(z),
    ]
}

/// Through an MLP and the norm before it, backwards.
///
/// # Shapes
/// - `resid_mid` and `gradient`, with respect to the block's output: `[rows, d_model]`, also returned, with respect
///   to `resid_mid`
fn mlp_backwards(block: &Block, resid_mid: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
    let (normalised, _) = layer_norm(resid_mid.clone(), block.eps);
    let pre = matmul(normalised, &block.w_in) + block.b_in.clone().unsqueeze();
    let post = gradient.clone().matmul(block.w_out.clone().transpose());
    let pre = post * block.activation.derivative(pre);
    let normalised = pre.matmul(block.w_in.clone().transpose());
    gradient + through_norm(resid_mid, block.eps, normalised)
}

/// Through LayerNorm, backwards: `(g - mean(g) - y mean(g y)) / scale` for a normalised `y`.
///
/// # Shapes
/// - `x`: its input, `[.., rows, d_model]`; `gradient`: with respect to its output, likewise, also returned
fn through_norm<const D: usize>(x: Tensor<D>, eps: f64, gradient: Tensor<D>) -> Tensor<D> {
    let (y, scale) = layer_norm(x, eps);
    let along = (gradient.clone() * y.clone()).mean_dim(D - 1);
    (gradient.clone() - gradient.mean_dim(D - 1) - y * along) / scale
}
