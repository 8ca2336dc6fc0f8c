//! Estimates of every edge. Attribution agrees with EAP-IG's own numbers and with central differences of the plain f64
//! pass, to 1e-4 absolute; the default kind is compared with exact values.

use burn::tensor::Tensor;
use pathpatch::{
    error::Code,
    gpt2::Gpt2,
    metric::{AnswerMetric, Metric, MetricKind, Summarised},
    patching::{
        Cell, Component, Direction, Edge, EdgeOptions, EdgeResult, Graph, LayerNorm, Memory, Patch,
        Receiver, Replacement, Runs, Scores, Sender, estimate_direct_path_all_sources, sweep_edges,
    },
    prompt::Batch,
};

use crate::{
    common::{
        ExpectedBatch, RANDOM_MODELS, batch, demo, fixtures, goldens::golden, metric, model,
        random_model, read, run_pairs,
    },
    oracle::edges::{Edges, How},
    shortcuts::{OF_SETS, read_of, with_sets},
};

const TOLERANCE: f32 = 1e-4;
const DIRECTIONS: [Direction; 2] = [Direction::Denoise, Direction::Noise];
const LAYER_NORMS: [LayerNorm; 2] = [LayerNorm::Exact, LayerNorm::Frozen];
const REPLACEMENTS: [Replacement; 3] =
    [Replacement::Resample, Replacement::Mean, Replacement::Zero];

/// Every kind of estimate.
const KINDS: [Scores; 3] = [Scores::Estimate, Scores::Eap, Scores::EapIg { steps: 3 }];

fn all_edges(model: &Gpt2) -> Vec<Edge> {
    Graph::of(&model.config).edges().collect()
}

fn options(scores: Scores, patch: Patch, by_position: bool) -> EdgeOptions {
    EdgeOptions {
        patch,
        scores,
        by_position,
        ..EdgeOptions::default()
    }
}

/// The result of a sweep over some edges.
fn edges_of(runs: &Runs, metric: &dyn Metric, edges: &[Edge], options: &EdgeOptions) -> EdgeResult {
    pollster::block_on(sweep_edges(runs, metric, edges, options, |_| Ok(()))).unwrap()
}

/// The runs of a batch, to be patched as `patch` says.
fn patched<'a>(model: &'a Gpt2, batch: &Batch, patch: Patch) -> Runs<'a> {
    run_pairs(model, batch).patching(patch.direction, patch.replacement)
}

/// Estimated effects of every edge, in the order of the graph's edges.
fn effects(
    model: &Gpt2,
    batch: &Batch,
    kind: MetricKind,
    patch: Patch,
    scores: Scores,
) -> Vec<f32> {
    let runs = patched(model, batch, patch);
    let metric = metric(kind, &runs);
    let edges = all_edges(model);
    let result = edges_of(&runs, &metric, &edges, &options(scores, patch, false));
    of_table(&result, &edges)
}

fn of_table(result: &EdgeResult, edges: &[Edge]) -> Vec<f32> {
    let table = &result.table;
    let value = |edge: &Edge| table.cell(*edge).value().unwrap() - table.base();
    edges.iter().map(value).collect()
}

fn check(edges: &[Edge], got: &[f32], expected: impl Fn(Edge) -> f64, what: &str) {
    assert_eq!(edges.len(), got.len());
    for (edge, got) in edges.iter().zip(got) {
        let expected = expected(*edge);
        let difference = (f64::from(*got) - expected).abs();
        assert!(
            difference < f64::from(TOLERANCE),
            "{what} {edge}: {got}, expected {expected}"
        );
    }
}

#[test]
fn attribution_is_eap_igs() {
    let model = model(fixtures().join("eap-ig/model"));
    let edges = all_edges(&model);
    for name in ["one-pair.json", "three-pairs.json"] {
        let golden = golden(name);
        let batch = Batch::new(golden.pairs(), None, &model.config).unwrap();
        let patch = Patch {
            direction: Direction::Noise,
            replacement: Replacement::Resample,
            layer_norm: LayerNorm::Exact,
        };
        for (scores, expected) in [
            (Scores::Eap, &golden.eap),
            (Scores::EapIg { steps: 5 }, &golden.eap_ig_5),
        ] {
            let got = effects(&model, &batch, MetricKind::LogitDiff, patch, scores);
            let what = format!("{name} {scores:?}");
            check(&edges, &got, |edge| expected[&edge.to_string()], &what);
        }
    }
}

/// Attribution is the derivative of the metric by the fraction of the edge's change that is patched in.
#[test]
fn attribution_is_the_first_order_of_every_edge() {
    let kinds = [
        MetricKind::LogitDiff,
        MetricKind::LogProb,
        MetricKind::Prob,
        MetricKind::Kl,
    ];
    let mut kinds = kinds.into_iter().cycle();
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        for position in [None, Some(5)] {
            let batch = Batch::new(expected.batch.pairs(), position, &model.config).unwrap();
            for direction in DIRECTIONS {
                for replacement in REPLACEMENTS {
                    for layer_norm in LAYER_NORMS {
                        let kind = kinds.next().unwrap();
                        let (patch, how) = both(direction, replacement, layer_norm);
                        check_first_order(&model, &batch, kind, patch, how, name);
                    }
                }
            }
        }
    }
}

#[test]
fn attribution_of_metrics_of_sets() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let pairs = with_sets(expected.batch.pairs(), model.config.d_vocab);
        let batch = Batch::new(pairs, None, &model.config).unwrap();
        for (kind, layer_norm) in OF_SETS.into_iter().zip(LAYER_NORMS.into_iter().cycle()) {
            let (patch, how) = both(Direction::Denoise, Replacement::Resample, layer_norm);
            check_first_order(&model, &batch, kind, patch, how, name);
        }
    }
}

/// Check the attribution of every edge with the logit difference against central differences.
pub fn check_attribution(model: &Gpt2, batch: &Batch, layer_norm: LayerNorm, what: &str) {
    let (patch, how) = both(Direction::Denoise, Replacement::Resample, layer_norm);
    check_first_order(model, batch, MetricKind::LogitDiff, patch, how, what);
}

fn check_first_order(
    model: &Gpt2,
    batch: &Batch,
    kind: MetricKind,
    patch: Patch,
    how: How,
    what: &str,
) {
    let oracle = Edges::new(model, batch);
    let got = effects(model, batch, kind, patch, Scores::Eap);
    let slope = |edge| oracle.slope(edge, how, read_of(kind));
    let what = format!("{what} {kind:?} {how:?}");
    check(&all_edges(model), &got, slope, &what);
}

fn both(direction: Direction, replacement: Replacement, layer_norm: LayerNorm) -> (Patch, How) {
    let patch = Patch {
        direction,
        replacement,
        layer_norm,
    };
    let how = How {
        direction,
        replacement,
        layer_norm,
        position: None,
    };
    (patch, how)
}

/// For denoising, clean and corrupted are exchanged: the runs of the corrupted prompt begin at the clean embeddings.
#[test]
fn eap_ig_averages_over_runs_between_the_two() {
    let (model, expected) = random_model("hub-f16");
    let batch = batch(&model, &expected);
    let (oracle, edges) = (Edges::new(&model, &batch), all_edges(&model));
    let kind = MetricKind::LogProb;
    for direction in DIRECTIONS {
        let (patch, how) = both(direction, Replacement::Resample, LayerNorm::Exact);
        let got = effects(&model, &batch, kind, patch, Scores::EapIg { steps: 3 });
        let mean = |edge| {
            let shares = (0..3).map(|k| f64::from(k) / 3.0);
            let slopes = shares.map(|share| oracle.slope_between(edge, how, share, read_of(kind)));
            slopes.sum::<f64>() / 3.0
        };
        check(&edges, &got, mean, direction.as_str());
    }
}

/// A logit difference is linear in the output of the final LayerNorm; with a frozen scale, that output is linear in its
/// input too.
#[test]
fn estimates_of_edges_into_the_logits_are_exact() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = batch(&model, &expected);
        let oracle = Edges::new(&model, &batch);
        let read = read_of(MetricKind::LogitDiff);
        let all = all_edges(&model).into_iter();
        let edges: Vec<Edge> = all.filter(|e| e.to == Receiver::Logits).collect();
        for (direction, layer_norm) in DIRECTIONS
            .into_iter()
            .flat_map(|d| LAYER_NORMS.map(|l| (d, l)))
        {
            let (patch, how) = both(direction, Replacement::Resample, layer_norm);
            let runs = patched(&model, &batch, patch);
            let metric = metric(MetricKind::LogitDiff, &runs);
            let base = oracle.base(direction, read);
            let exact = |edge| oracle.value(edge, how, 1.0, read) - base;
            let kinds = match layer_norm {
                LayerNorm::Frozen => &KINDS[..],
                LayerNorm::Exact => &[Scores::Estimate],
            };
            for scores in kinds {
                let options = options(*scores, patch, false);
                let result = edges_of(&runs, &metric, &edges, &options);
                let what = format!("{name} {scores:?} {how:?}");
                check(&edges, &of_table(&result, &edges), exact, &what);
            }
        }
    }
}

#[test]
fn any_memory_and_any_choice_of_edges_give_the_same_estimates() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let edges = all_edges(&model);
    let kind = MetricKind::LogProb;
    for scores in KINDS {
        for layer_norm in LAYER_NORMS {
            let (patch, _) = both(Direction::Noise, Replacement::Zero, layer_norm);
            let whole = effects(&model, &batch, kind, patch, scores);
            let whole = |edge: Edge| {
                let i = edges.iter().position(|e| *e == edge).unwrap();
                f64::from(whole[i])
            };
            let splits = options(scores, patch, true);
            let split = {
                let runs = patched(&model, &batch, patch);
                let metric = metric(kind, &runs);
                edges_of(&runs, &metric, &edges, &splits)
            };
            let split = split.by_position.unwrap().estimates;
            let little = 4 * split.len();
            for (runs, step) in [
                (0, 0),
                (little, 0),
                (1 << 20, 0),
                (1 << 20, 3_000),
                (1 << 20, 30_000),
            ] {
                let what = format!("{scores:?} {patch:?} {runs} and {step} bytes");
                let runs = patched(&model, &batch, patch).within(Memory { runs, step });
                let metric = metric(kind, &runs);
                let options = options(scores, patch, false);
                let result = edges_of(&runs, &metric, &edges, &options);
                check(&edges, &of_table(&result, &edges), whole, &what);
            }
            for (runs, step) in [
                (little, 0),
                (little, 3_000),
                (1 << 20, 0),
                (1 << 20, 3_000),
                (1 << 20, 30_000),
            ] {
                let what = format!("{scores:?} {patch:?} {runs} and {step} bytes");
                let runs = patched(&model, &batch, patch).within(Memory { runs, step });
                let metric = metric(kind, &runs);
                let result = edges_of(&runs, &metric, &edges, &splits);
                check(&edges, &of_table(&result, &edges), whole, &what);
                let estimates = result.by_position.unwrap().estimates;
                assert_eq!(estimates.len(), split.len());
                for (i, (a, b)) in estimates.iter().zip(&split).enumerate() {
                    assert!((a - b).abs() < TOLERANCE, "{what} number {i}: {a} {b}");
                }
            }
            let runs = patched(&model, &batch, patch);
            let metric = metric(kind, &runs);
            for some in edges.chunks(7) {
                let result = edges_of(&runs, &metric, some, &options(scores, patch, false));
                check(
                    some,
                    &of_table(&result, some),
                    whole,
                    &format!("{scores:?} of some"),
                );
            }
        }
    }
}

/// All estimates add up, except for keys with exact attention, whose positions compete in one softmax.
#[test]
fn effects_at_each_position_add_up() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = batch(&model, &expected);
        let edges = all_edges(&model);
        for scores in KINDS {
            let (patch, _) = both(Direction::Denoise, Replacement::Resample, LayerNorm::Exact);
            let runs = patched(&model, &batch, patch);
            let metric = metric(MetricKind::LogitDiff, &runs);
            let result = edges_of(&runs, &metric, &edges, &options(scores, patch, true));
            let whole = of_table(&result, &edges);
            let by_position = result.by_position.unwrap();
            assert_eq!(by_position.pos, batch.len_pos());
            let sums = by_position.estimates.chunks(by_position.pos);
            let sums: Vec<f32> = sums.map(|row| row.iter().sum()).collect();
            let mut apart = 0;
            for ((edge, whole), sum) in edges.iter().zip(whole).zip(sums) {
                let is_key = matches!(edge.to, Receiver::Head(_, Component::K));
                let adds_up = (whole - sum).abs() < TOLERANCE;
                match scores {
                    Scores::Estimate if is_key => apart += usize::from(!adds_up),
                    _ => assert!(adds_up, "{name} {scores:?} {edge}: {whole} {sum}"),
                }
            }
            assert_eq!(apart > 0, scores == Scores::Estimate, "{name}");
        }
    }
}

/// If only one position changes, patching it alone patches the whole edge.
#[test]
fn a_key_at_one_position_is_the_whole_edge_where_nothing_else_changes() {
    let (model, expected) = random_model("hub-f16");
    let mut pair = expected.batch.pairs().remove(0);
    // The prompts differ only in their last token, so only the last position changes.
    pair.corrupted = pair.clean.clone();
    *pair.corrupted.last_mut().unwrap() ^= 1;
    let last = pair.clean.len() - 1;
    let batch = Batch::new(vec![pair], None, &model.config).unwrap();
    let edges = all_edges(&model);
    for layer_norm in LAYER_NORMS {
        let (patch, _) = both(Direction::Denoise, Replacement::Resample, layer_norm);
        let runs = patched(&model, &batch, patch);
        let metric = metric(MetricKind::LogitDiff, &runs);
        let result = edges_of(
            &runs,
            &metric,
            &edges,
            &options(Scores::Estimate, patch, true),
        );
        let whole = of_table(&result, &edges);
        let by_position = result.by_position.unwrap();
        for (i, edge) in edges.iter().enumerate() {
            let row = &by_position.estimates[i * by_position.pos..][..by_position.pos];
            assert!((row[last] - whole[i]).abs() < TOLERANCE, "{edge}");
            assert!(row[..last].iter().all(|x| *x == 0.0), "{edge}");
        }
    }
}

/// Each position by itself, on pairs of unequal length, in one part and in several.
#[test]
fn attribution_at_each_position_is_the_first_order_of_patching_it_alone() {
    let (model, expected) = random_model("untied-bf16");
    let mut pairs = expected.batch.pairs();
    let longest = pairs.iter().map(|pair| pair.clean.len()).max().unwrap();
    pairs[0].clean.truncate(longest - 2);
    pairs[0].corrupted.truncate(longest - 2);
    let batch = Batch::new(pairs, None, &model.config).unwrap();
    let oracle = Edges::new(&model, &batch);
    let (graph, edges) = (Graph::of(&model.config), all_edges(&model));
    let kind = MetricKind::LogitDiff;
    for (direction, replacement) in [
        (Direction::Denoise, Replacement::Resample),
        (Direction::Noise, Replacement::Mean),
    ] {
        let (patch, how) = both(direction, replacement, LayerNorm::Exact);
        let of_part = 4 * edges.len() * batch.len_pos();
        for (runs, step) in [(1 << 20, 1 << 20), (of_part, 3_000)] {
            let runs = patched(&model, &batch, patch).within(Memory { runs, step });
            let metric = metric(kind, &runs);
            let result = edges_of(&runs, &metric, &edges, &options(Scores::Eap, patch, true));
            let by_position = result.by_position.unwrap();
            let rows = by_position.estimates.chunks(by_position.pos);
            assert_eq!(by_position.places.len(), edges.len());
            let rows = by_position.places.iter().zip(rows);
            for (edge, (place, row)) in edges.iter().zip(rows) {
                assert_eq!(*place, graph.place(*edge));
                for (position, got) in row.iter().enumerate() {
                    let how = How {
                        position: Some(position),
                        ..how
                    };
                    let expected = oracle.slope(*edge, how, read_of(kind));
                    let difference = (f64::from(*got) - expected).abs();
                    assert!(
                        difference < f64::from(TOLERANCE),
                        "{edge} {position}: {got}, expected {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn effects_by_position_are_kept_of_the_edges_that_are_asked_for_and_refused_where_they_do_not_fit()
{
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let patch = EdgeOptions::default().patch;
    let memory = Memory {
        runs: 3 * 4 * batch.len_pos(),
        step: 0,
    };
    let runs = patched(&model, &batch, patch).within(memory);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let (graph, edges) = (Graph::of(&model.config), all_edges(&model));
    let options = options(Scores::Eap, patch, true);
    let result = edges_of(&runs, &metric, &edges[5..8], &options);
    let whole = of_table(&result, &edges[5..8]);
    let by_position = result.by_position.unwrap();
    let places: Vec<usize> = edges[5..8].iter().map(|e| graph.place(*e)).collect();
    assert_eq!(by_position.places, places);
    assert_eq!(by_position.estimates.len(), 3 * batch.len_pos());
    for (a, b) in by_position.whole.iter().zip(whole) {
        assert!((a - b).abs() < TOLERANCE, "{a} {b}");
    }
    let refused = sweep_edges(&runs, &metric, &edges[5..9], &options, |_| Ok(()));
    let error = pollster::block_on(refused).unwrap_err();
    assert_eq!(error.code, Code::Option);
    assert!(error.to_string().contains("at most 3 edges"), "{error}");
}

/// When noising, the clean run is the base and the divergence from it has no slope there: what tells edges apart is
/// EAP-IG.
#[test]
fn the_strongest_by_a_divergence_are_those_of_eap_ig_when_noising() {
    let (model, expected) = random_model("hub-f16");
    let batch = batch(&model, &expected);
    let edges = all_edges(&model);
    for (direction, expected) in [
        (Direction::Noise, Scores::EapIg { steps: 5 }),
        (Direction::Denoise, Scores::Estimate),
    ] {
        let (patch, _) = both(direction, Replacement::Resample, LayerNorm::Exact);
        let by_gradient = effects(&model, &batch, MetricKind::Kl, patch, Scores::Estimate);
        let is_flat = by_gradient.iter().all(|effect| effect.abs() < 1e-5);
        assert_eq!(is_flat, direction == Direction::Noise);

        let order = effects(&model, &batch, MetricKind::Kl, patch, expected);
        let mut by_size: Vec<usize> = (0..edges.len()).collect();
        by_size.sort_by(|a, b| order[*b].abs().total_cmp(&order[*a].abs()));
        let runs = patched(&model, &batch, patch);
        let metric = metric(MetricKind::Kl, &runs);
        let options = EdgeOptions {
            strongest: Some(8),
            checked: 0,
            ..options(Scores::Exact, patch, false)
        };
        let result = edges_of(&runs, &metric, &edges, &options);
        assert_eq!(result.estimated, Some(expected));
        for (i, edge) in by_size.into_iter().enumerate() {
            let is_exact = matches!(result.table.cell(edges[edge]), Cell::Exact { .. });
            assert_eq!(is_exact, i < 8, "number {i}, {}", edges[edge]);
        }
    }
}

/// A metric whose gradient overflows.
struct Overflowing(AnswerMetric);

impl Metric for Overflowing {
    fn positions(&self) -> Option<&[usize]> {
        self.0.positions()
    }

    fn evaluate(&self, logits: Tensor<4>) -> Tensor<2> {
        Metric::evaluate(&self.0, logits)
    }

    fn summarised(&self) -> Option<&dyn Summarised> {
        self.0.summarised()
    }

    fn gradient(&self, logits: Tensor<4>) -> Option<Tensor<4>> {
        Some(logits * f32::INFINITY)
    }
}

#[test]
fn an_estimate_that_overflows_ends_no_exact_sweep() {
    let (model, expected) = random_model("hub-f16");
    let batch = batch(&model, &expected);
    let patch = EdgeOptions::default().patch;
    let runs = patched(&model, &batch, patch);
    let metric = metric(MetricKind::LogProb, &runs);
    let (exact, edges) = (options(Scores::Exact, patch, false), all_edges(&model));
    let expected = of_table(&edges_of(&runs, &metric, &edges, &exact), &edges);
    let metric = Overflowing(metric);
    let got = of_table(&edges_of(&runs, &metric, &edges, &exact), &edges);
    // Without estimates the edges come in another order, and others share a product: the last digit may differ.
    for (a, b) in got.into_iter().zip(expected) {
        assert!((a - b).abs() < 2e-6, "{a}, {b}");
    }
    let some = EdgeOptions {
        strongest: Some(3),
        ..exact
    };
    for options in [some, options(Scores::Estimate, patch, false)] {
        let checked = EdgeOptions {
            checked: 0,
            ..options
        };
        let result = sweep_edges(&runs, &metric, &edges, &checked, |_| Ok(()));
        let error = pollster::block_on(result).unwrap_err();
        assert_eq!(error.code, Code::Metric);
    }
}

/// Each run between the two is told of, and each position is a value of its own.
#[test]
fn progress_is_told_of_every_run_for_estimates_and_of_every_position() {
    let (model, expected) = random_model("hub-f16");
    let batch = batch(&model, &expected);
    let patch = EdgeOptions::default().patch;
    let runs = patched(&model, &batch, patch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let edges = all_edges(&model);
    let progress = |options: &EdgeOptions| {
        let mut all = Vec::new();
        let sweep = sweep_edges(&runs, &metric, &edges, options, |update| {
            all.push(update.progress);
            Ok(())
        });
        pollster::block_on(sweep).unwrap();
        all
    };
    let all = progress(&options(Scores::EapIg { steps: 7 }, patch, false));
    let growing = all.windows(2).filter(|two| two[0].flops < two[1].flops);
    assert!(growing.count() >= 7);
    let split = EdgeOptions {
        strongest: Some(4),
        checked: 2,
        ..options(Scores::Exact, patch, true)
    };
    let all = progress(&split);
    let last = all.last().unwrap();
    assert_eq!(last.done, last.total);
    assert!(last.total > 4 + 2 && (last.total - 6).is_multiple_of(4));
    assert!(all.iter().any(|p| p.done > 6 && p.done < p.total));
}

#[test]
fn no_steps_too_many_and_none_of_the_strongest_are_errors() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let patch = EdgeOptions::default().patch;
    let runs = patched(&model, &batch, patch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let edges = all_edges(&model);
    let none_strongest = EdgeOptions {
        strongest: Some(0),
        ..options(Scores::Exact, patch, false)
    };
    for options in [
        options(Scores::EapIg { steps: 0 }, patch, false),
        options(Scores::EapIg { steps: 1_001 }, patch, false),
        none_strongest,
    ] {
        let result = pollster::block_on(sweep_edges(&runs, &metric, &edges, &options, |_| Ok(())));
        assert_eq!(result.unwrap_err().code, Code::Option);
    }
}

/// On the bundled model's first example, attribution is up to 5.3 logits off: one edge moves a head's attention from one
/// token to another.
#[test]
fn keys_of_the_bundled_model_are_estimated_well() {
    let model = model(demo());
    let path = fixtures().join("ioi-demo.prompts.json");
    let prompts: ExpectedBatch = serde_json::from_slice(&read(path)).unwrap();
    let joins_heads_by_key = |edge: &Edge| {
        let is_key = matches!(edge.to, Receiver::Head(_, Component::K));
        is_key && matches!(edge.from, Sender::Head(_))
    };
    let edges: Vec<Edge> = all_edges(&model)
        .into_iter()
        .filter(joins_heads_by_key)
        .collect();
    // Induction, then an indirect object.
    for (pair, most) in prompts.pairs().into_iter().zip([1.0, 0.02]) {
        let batch = Batch::new(vec![pair], None, &model.config).unwrap();
        for layer_norm in LAYER_NORMS {
            let (patch, _) = both(Direction::Denoise, Replacement::Resample, layer_norm);
            let runs = patched(&model, &batch, patch);
            let metric = metric(MetricKind::LogitDiff, &runs);
            let of = |scores| {
                let result = edges_of(&runs, &metric, &edges, &options(scores, patch, false));
                of_table(&result, &edges)
            };
            let exact = of(Scores::Exact);
            let worst = |estimates: &[f32]| {
                let errors = estimates.iter().zip(&exact).map(|(a, b)| (a - b).abs());
                errors.fold(0.0, f32::max)
            };
            let [estimates, attribution] = [of(Scores::Estimate), of(Scores::Eap)];
            let [error, of_attribution] = [worst(&estimates), worst(&attribution)];
            let rank = spearman(&estimates, &exact);
            assert!(rank >= 0.99, "{layer_norm:?}: Spearman {rank}");
            assert!(error < most, "{layer_norm:?}: {error} logits");
            assert!(of_attribution > 3.0 * error, "{layer_norm:?}");
        }
    }
}

/// Rank correlation.
fn spearman(a: &[f32], b: &[f32]) -> f64 {
    let [a, b] = [a, b].map(ranks);
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        let both = a.iter().zip(b);
        both.map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

fn ranks(x: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
    let mut ranks = vec![0.0; x.len()];
    for (rank, place) in order.into_iter().enumerate() {
        ranks[place] = rank as f64;
    }
    ranks
}

/// The call gives the estimates that a sweep begins with.
#[test]
fn the_call_by_transformer_lenss_name_gives_the_estimates_of_a_sweep() {
    let (model, expected) = random_model("untied-bf16");
    let batch = batch(&model, &expected);
    let patch = Patch {
        layer_norm: LayerNorm::Frozen,
        ..EdgeOptions::default().patch
    };
    let runs = patched(&model, &batch, patch);
    let metric = metric(MetricKind::Prob, &runs);
    let grids = estimate_direct_path_all_sources(&runs, &metric, LayerNorm::Frozen);
    let grids = pollster::block_on(grids).unwrap();
    let options = options(Scores::Estimate, patch, false);
    let table = edges_of(&runs, &metric, &all_edges(&model), &options).table;
    for (component, grid) in Component::ALL.into_iter().zip([grids.q, grids.k, grids.v]) {
        let whole = table.grid(component);
        assert_eq!(grid.mask, whole.mask);
        for (a, b) in grid.values.iter().zip(&whole.values) {
            let is_same = a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-5;
            assert!(is_same, "{a} {b}");
        }
    }
}
