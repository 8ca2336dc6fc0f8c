//! Estimates of edges: what is cheap of a patched run is done, the rest is followed by the gradient.
//!
//! ```text
//! delta     (what goes in) - (what the sender writes in the base run)
//! estimate  read = LN(base + delta) - LN(base), or delta / base_scale where LayerNorm is frozen
//!           q, k               sum over queries of (z with the change - z) . d metric / d z
//!           v, MLP, logits     read . d metric / d (output of the LayerNorm)
//! eap       delta . d metric / d (input of the LayerNorm)
//! eap-ig    the same, the gradient averaged over runs between the other run and the base run
//! ```
//!
//! In the first kind a receiver's LayerNorm and, for queries and keys, its softmax are those of the patched run; what
//! is left out is how the rest of the model bends. The second is attribution patching: Nanda, "Attribution Patching"
//! (2023), and Syed et al., "Attribution Patching Outperforms Automated Circuit Discovery" (2023). The third is Hanna
//! et al., "Have Faith in Faithfulness" (2024): `steps` runs of the base prompts, the k-th (from 0) with the token
//! embeddings `other + k / steps (base - other)`. When noising that is EAP-IG's `corrupted + k / steps (clean -
//! corrupted)`; when denoising clean and corrupted change places; where a mean or zero goes in, that is `other`.
//!
//! A metric that is at its minimum in the base run, as the divergence from the clean run is when noising, has a gradient
//! of 0 there: the first two kinds are 0, up to rounding. A sweep then begins with the third.
//!
//! Prompts are taken some at a time, and their effects averaged. Senders are taken some at a time too, and rows where
//! many gradients are held, so that a step keeps to its memory.

mod ask;
mod attended;
mod effects;
mod linear;

pub(super) use ask::Ask;
use attended::attended;
pub use effects::ByPosition;
use effects::{Effects, Results};
use linear::{Norm, by_input, linear, on_rows};

use super::{
    baseline::Baselines,
    both::Both,
    gradient::{Backward, Run},
    graph::{Component, Edge, Graph, Head, Receiver, Sender},
    grid::Grid,
    patch::LayerNorm,
    plan::{Part, Plan},
    readout::Readout,
    runs::Runs,
    scale::Scale,
    scores::Scores,
    table::EdgeTable,
};
use crate::{
    error::{Code, Error, Result},
    metric::Metric,
};

/// Estimates of the full sweep from heads to heads, `[n_layers, n_heads, n_layers, n_heads]` each.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    /// Into queries.
    pub q: Grid,
    /// Into keys.
    pub k: Grid,
    /// Into values.
    pub v: Grid,
}

/// Estimate every edge from every head to every later head's query, key and value: [`Scores::Estimate`], the numbers
/// with which a sweep begins.
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
    let joins_heads =
        |edge: &Edge| matches!(edge.from, Sender::Head(_)) && matches!(edge.to, Receiver::Head(..));
    let edges: Vec<Edge> = graph.edges().filter(joins_heads).collect();
    let ask = Ask {
        scores: Scores::Estimate,
        layer_norm,
        edges: &edges,
        by_position: false,
    };
    let plan = runs.plan(metric, None)?;
    let overview = overview(runs, metric, &plan, Some(&ask), &mut |_| Ok(())).await?;
    let effects = overview.effects.ok_or_else(no_gradient)?;
    let mut table = EdgeTable::empty(graph, runs.direction(), overview.metric);
    effects.fill(&mut table, &overview.scale);
    edges.iter().try_for_each(|edge| table.check(*edge))?;
    let [q, k, v] = Component::ALL.map(|component| table.grid(component));
    Ok(Estimates { q, k, v })
}

/// That a metric without a gradient gives no estimates.
pub(super) fn no_gradient() -> Error {
    let expected = "a metric with a gradient";
    Error::new(Code::Metric, "estimate", expected, "one without")
}

/// What one look at all prompts gives: the metric of both runs, and estimates where they were asked for.
pub(super) struct Overview {
    pub metric: Both<f32>,
    pub scale: Scale,
    /// `None` where they were not asked for, or the metric has no gradient.
    pub effects: Option<Effects>,
}

/// What has been run.
pub(super) enum Step<'p> {
    /// Both runs of a part, and the estimates of its prompts.
    Part(&'p Part),
    /// One of several runs for the estimates of a part.
    Between(&'p Part),
}

/// Look at all prompts, part by part; `on_step` hears of each step.
///
/// # Errors
/// Those of [`estimate_direct_path_all_sources`], but for a metric without a gradient; what `on_step` returns.
pub(super) async fn overview(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    plan: &Plan,
    ask: Option<&Ask<'_>>,
    on_step: &mut dyn FnMut(Step<'_>) -> Result<()>,
) -> Result<Overview> {
    let graph = Graph::of(&runs.model.config);
    let pos = runs.batch.len_pos();
    let mut baselines = Baselines::new(runs.direction());
    let mut effects = ask.map(|ask| Effects::none(graph, ask, pos));
    let prompts = runs.batch.pairs().len() as f32;
    for (i, part) in plan.parts.iter().enumerate() {
        let readout = runs.readout(plan, i, metric).await?;
        baselines.add(&readout).await?;
        if let (Some(sums), Some(ask)) = (&mut effects, ask) {
            let share = part.batch() as f32 / prompts;
            let mut on_run = || on_step(Step::Between(part));
            if !add_part(sums, &readout, ask, share, &mut on_run).await? {
                effects = None;
            }
        }
        on_step(Step::Part(part))?;
    }
    let (metric, scale) = baselines.scale(metric)?;
    Ok(Overview {
        metric,
        scale,
        effects,
    })
}

/// Add what every edge that is asked for does to the mean of a slice's prompts, which are a `share` of all; false where
/// the metric has no gradient. `on_run` hears of each run where there are several.
async fn add_part(
    effects: &mut Effects,
    readout: &Readout<'_, '_>,
    ask: &Ask<'_>,
    share: f32,
    on_run: &mut dyn FnMut() -> Result<()>,
) -> Result<bool> {
    let slice = readout.slice();
    let Scores::EapIg { steps } = ask.scores else {
        return add_run(effects, readout, &Run::base(slice), ask, share).await;
    };
    for k in 0..steps {
        let amount = 1.0 - k as f64 / steps as f64;
        let run = Run::with_input(slice, amount).await?;
        if !add_run(effects, readout, &run, ask, share / steps as f32).await? {
            return Ok(false);
        }
        on_run()?;
    }
    Ok(true)
}

/// The same with the gradient of one run.
async fn add_run(
    effects: &mut Effects,
    readout: &Readout<'_, '_>,
    run: &Run,
    ask: &Ask<'_>,
    share: f32,
) -> Result<bool> {
    let slice = readout.slice();
    let Some((mut backward, by_final)) = Backward::begin(readout, run) else {
        return Ok(false);
    };
    slice.steps.pause.pause().await?;
    let config = &slice.model.config;
    let (layers, heads) = (config.n_layers, config.n_heads);
    let port = |layer, component| Receiver::Head(Head { layer, head: 0 }, component);
    let group = |first, n| effects.group(first, n);
    let to_logits = group(Receiver::Logits, 1);
    let to_mlps: Vec<_> = (0..layers).map(|l| group(Receiver::Mlp(l), 1)).collect();
    let to_heads: Vec<_> = (0..layers)
        .map(|l| group(port(l, Component::Q), 3 * heads))
        .collect();
    let is_asked = |layer, component| group(port(layer, component), heads).is_some();
    let asked: Vec<_> = (0..layers)
        .map(|l| Component::ALL.map(|component| is_asked(l, component)))
        .collect();
    let mut lowest = 0..layers;
    let lowest = lowest.find(|l| to_heads[*l].is_some() || to_mlps[*l].is_some());
    let lowest = lowest.unwrap_or(layers);
    let mut results = Results::new(effects.is_by_position());
    let norm = |base, here| Norm {
        base,
        here,
        eps: config.eps,
        mode: ask.layer_norm,
        scores: ask.scores,
    };

    if let Some(group) = &to_logits {
        let [base, here] = [&slice.base_final, &run.last].map(|x| slice.flat_rows(x));
        let norm = norm(base, here);
        let gradient = |rows| on_rows(&by_final, rows);
        linear(slice, &mut results, group, &norm, gradient).await?;
    }
    for layer in (lowest..layers).rev() {
        let block = &slice.model.layers.block(layer).await?;
        let base = slice.destination(layer).await?;
        let here = run.layer(slice, layer).await?;
        let by_mlp = backward.mlp(layer, &here).await?;
        if let Some(group) = &to_mlps[layer] {
            let norm = norm(base.resid_mid.clone(), here.resid_mid.clone());
            let gradient = |rows| on_rows(&by_mlp, rows);
            linear(slice, &mut results, group, &norm, gradient).await?;
        }
        let gradient = backward.heads(layer, &here).await?;
        let norm = norm(base.resid_pre.clone(), here.resid_pre.clone());
        if let Some(group) = &to_heads[layer] {
            if ask.scores == Scores::Estimate {
                let ports = (layer, group, asked[layer]);
                let attended = attended(slice, &mut results, ports, &norm, &base, &gradient);
                attended.await?;
            } else {
                let of_rows = |rows| by_input(block, &gradient.by_qkv, rows);
                linear(slice, &mut results, group, &norm, of_rows).await?;
            }
        }
        if layer > lowest {
            backward.below_heads(layer, &here, gradient.by_qkv).await?;
        }
        if results.floats() > readout.memory().floats() {
            results.add_to(effects, share).await?;
        }
    }
    results.add_to(effects, share).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::{
        checkpoint,
        gpt2::Config,
        metric::MetricKind,
        patching::{Direction, Replacement, gradient::OfHeads},
        pause::NoPause,
        prompt::{Batch, PromptPair},
    };

    /// The sum of a sender's outgoing attributions is what its whole write comes to by the gradient of the residual stream
    /// right after it has written: no class of receivers is left out. To 1e-4 of the largest effect.
    #[test]
    fn attributions_of_a_senders_edges_add_up_to_that_of_its_write() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/eap-ig/model");
        let config = Config::from_json(&fs::read(path.join("config.json")).unwrap()).unwrap();
        let weights = fs::read(path.join("model.safetensors")).unwrap();
        let model = checkpoint::load(config, &weights, &Device::flex()).unwrap();
        let graph = Graph::of(&model.config);
        let edges: Vec<Edge> = graph.edges().collect();
        let pair = |clean: [u32; 6], corrupted: [u32; 6]| PromptPair {
            clean: clean.to_vec(),
            corrupted: corrupted.to_vec(),
            answers: vec![7],
            distractors: vec![90],
        };
        let pairs = vec![
            pair([3, 14, 15, 92, 65, 35], [3, 14, 16, 92, 65, 35]),
            pair([27, 18, 28, 18, 28, 45], [27, 18, 28, 19, 28, 4]),
        ];
        let batch = Batch::new(pairs, None, &model.config).unwrap();
        for direction in [Direction::Denoise, Direction::Noise] {
            for replacement in [Replacement::Resample, Replacement::Mean, Replacement::Zero] {
                let runs = Runs::new(&model, &batch, &NoPause).patching(direction, replacement);
                let [sums, whole] = pollster::block_on(sums(&runs, &edges)).unwrap();
                let largest = whole.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
                for (sender, (sum, whole)) in graph.senders().zip(sums.iter().zip(&whole)) {
                    let difference = (sum - whole).abs();
                    assert!(difference < 1e-4 * largest, "{sender}: {sum}, {whole}");
                }
            }
        }
    }

    /// For each sender the sum over its edges, and its write by the gradient.
    async fn sums(runs: &Runs<'_>, edges: &[Edge]) -> Result<[Vec<f32>; 2]> {
        let config = &runs.model.config;
        let graph = Graph::of(config);
        let ask = Ask {
            scores: Scores::Eap,
            layer_norm: LayerNorm::Exact,
            edges,
            by_position: false,
        };
        let metric = runs.metric(MetricKind::LogitDiff).await?;
        let plan = runs.plan(&metric, None)?;
        assert_eq!(plan.parts.len(), 1);
        let overview = overview(runs, &metric, &plan, Some(&ask), &mut |_| Ok(())).await?;
        let effects = overview.effects.ok_or_else(no_gradient)?;
        let mut of_edges = vec![0.0; graph.n_senders()];
        for edge in edges {
            of_edges[graph.row(edge.from)] += effects.at(graph.place(*edge));
        }

        let readout = runs.readout(&plan, 0, &metric).await?;
        let slice = readout.slice();
        let flat = slice.batch * slice.window.rows;
        let run = Run::base(slice);
        let (mut backward, _) = Backward::begin(&readout, &run).ok_or_else(no_gradient)?;
        let mut of_writes = vec![0.0; graph.n_senders()];
        let mut write = |sender: Sender, gradient: &Tensor<2>| {
            let delta: Tensor<2> = slice.written(&[sender], 0..flat).squeeze_dim(0);
            let effect = (delta * gradient.clone()).sum();
            of_writes[graph.row(sender)] = effect.into_scalar::<f32>();
        };
        for layer in (0..config.n_layers).rev() {
            write(Sender::Mlp(layer), &backward.gradient);
            let here = run.layer(slice, layer).await?;
            backward.mlp(layer, &here).await?;
            for head in 0..config.n_heads {
                write(Sender::Head(Head { layer, head }), &backward.gradient);
            }
            let OfHeads { by_qkv, .. } = backward.heads(layer, &here).await?;
            backward.below_heads(layer, &here, by_qkv).await?;
        }
        write(Sender::Input, &backward.gradient);
        Ok([of_edges, of_writes])
    }
}
