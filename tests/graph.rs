//! Every edge of the graph agrees with the oracle, which runs one full forward pass per edge, to 1e-4 absolute.

use pathpatch::{
    gpt2::Gpt2,
    metric::MetricKind,
    patching::{
        Cell, Component, Direction, EdgeOptions, EdgeResult, EdgeUpdate, LayerNorm, Memory, Patch,
        Replacement, Runs, Scores,
        graph::{Edge, Graph},
        sweep_edges,
    },
    pause::NoPause,
    prompt::{Batch, PromptPair},
};

use crate::{
    common::{RANDOM_MODELS, max_difference, metric, random_model, run_pairs, sweep_all},
    oracle::edges::{Edges, How, Read},
    shortcuts::read_of,
};

const TOLERANCE: f64 = 1e-4;
const DIRECTIONS: [Direction; 2] = [Direction::Denoise, Direction::Noise];
const REPLACEMENTS: [Replacement; 3] =
    [Replacement::Resample, Replacement::Mean, Replacement::Zero];
const LAYER_NORMS: [LayerNorm; 2] = [LayerNorm::Exact, LayerNorm::Frozen];

fn all_patches() -> impl Iterator<Item = Patch> {
    DIRECTIONS.into_iter().flat_map(|direction| {
        REPLACEMENTS.into_iter().flat_map(move |replacement| {
            LAYER_NORMS.into_iter().map(move |layer_norm| Patch {
                direction,
                replacement,
                layer_norm,
            })
        })
    })
}

/// The default options for exact values of all edges, for noising or denoising.
fn exactly(patch: Patch) -> EdgeOptions {
    EdgeOptions {
        patch,
        scores: Scores::Exact,
        estimates: false,
        ..EdgeOptions::default()
    }
}

fn how(patch: Patch) -> How {
    How {
        direction: patch.direction,
        replacement: patch.replacement,
        layer_norm: patch.layer_norm,
        position: None,
    }
}

fn sweep(
    model: &Gpt2,
    batch: &Batch,
    kind: MetricKind,
    edges: &[Edge],
    options: EdgeOptions,
) -> EdgeResult {
    sweep_within(
        model,
        batch,
        kind,
        edges,
        options,
        Memory::of(&model.device()),
    )
}

fn sweep_within(
    model: &Gpt2,
    batch: &Batch,
    kind: MetricKind,
    edges: &[Edge],
    options: EdgeOptions,
    memory: Memory,
) -> EdgeResult {
    let Patch {
        direction,
        replacement,
        ..
    } = options.patch;
    let runs = Runs::new(model, batch, &NoPause).patching(direction, replacement);
    let runs = runs.within(memory);
    let metric = metric(kind, &runs);
    let ignore = |_: EdgeUpdate<'_>| Ok(());
    pollster::block_on(sweep_edges(&runs, &metric, edges, &options, ignore)).unwrap()
}

fn all_edges(model: &Gpt2) -> Vec<Edge> {
    Graph::of(&model.config).edges().collect()
}

fn assert_close(got: f32, expected: f64, what: impl Fn() -> String) {
    let difference = (f64::from(got) - expected).abs();
    assert!(difference < TOLERANCE, "{}: {got}, not {expected}", what());
}

/// Compare every exact value of a result with the oracle's.
fn check(result: &EdgeResult, oracle: &Edges<'_>, patch: Patch, read: Read, what: &str) {
    let table = &result.table;
    for (direction, got) in [
        (Direction::Noise, table.metric.clean),
        (Direction::Denoise, table.metric.corrupted),
    ] {
        assert_close(got, oracle.base(direction, read), || {
            format!("{what} {direction:?}")
        });
    }
    assert_eq!(table.direction, patch.direction);
    for edge in oracle.graph().edges() {
        let Cell::Exact { value, .. } = table.cell(edge) else {
            panic!("{what} {edge}: no exact value");
        };
        let expected = oracle.value(edge, how(patch), 1.0, read);
        assert_close(value, expected, || format!("{what} {patch:?} {edge}"));
    }
    let n_edges = oracle.graph().edges().count();
    let with_path = table.cells.iter().filter(|cell| **cell != Cell::NoPath);
    assert_eq!(with_path.count(), n_edges);
}

#[test]
fn every_edge_in_every_direction_replacement_and_layer_norm() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
        let oracle = Edges::new(&model, &batch);
        let read = read_of(MetricKind::LogitDiff);
        let edges = all_edges(&model);
        for patch in all_patches() {
            let kind = MetricKind::LogitDiff;
            let result = sweep(&model, &batch, kind, &edges, exactly(patch));
            check(&result, &oracle, patch, read, name);
        }
    }
}

#[test]
fn one_pair_by_itself_and_a_divergence() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let edges = all_edges(&model);
        for pair in expected.batch.pairs() {
            let batch = Batch::new(vec![pair], None, &model.config).unwrap();
            let oracle = Edges::new(&model, &batch);
            for (direction, replacement) in [
                (Direction::Denoise, Replacement::Resample),
                (Direction::Noise, Replacement::Resample),
                (Direction::Noise, Replacement::Zero),
            ] {
                let patch = Patch {
                    direction,
                    replacement,
                    layer_norm: LayerNorm::Exact,
                };
                let result = sweep(&model, &batch, MetricKind::Kl, &edges, exactly(patch));
                check(&result, &oracle, patch, read_of(MetricKind::Kl), name);
            }
        }
    }
}

/// A batch with a difference at the first token and one only at the last, and metrics that read before, at and after
/// them.
#[test]
fn differences_at_both_ends_and_metrics_at_any_position() {
    let (model, expected) = random_model("hub-f16");
    let edges = all_edges(&model);
    let [mut at_first, mut at_last] = [0, 1].map(|i| expected.batch.pairs()[i].clone());
    for (pair, at) in [(&mut at_first, 0), (&mut at_last, 5)] {
        pair.corrupted = pair.clean.clone();
        pair.corrupted[at] ^= 1;
    }
    let batches: [(Vec<PromptPair>, Option<i64>); 4] = [
        (vec![at_first.clone()], Some(0)),
        (vec![at_last.clone()], None),
        (vec![at_first.clone(), at_last.clone()], None),
        (vec![at_last, at_first], Some(3)),
    ];
    for (i, (pairs, position)) in batches.into_iter().enumerate() {
        let batch = Batch::new(pairs, position, &model.config).unwrap();
        let oracle = Edges::new(&model, &batch);
        for patch in all_patches() {
            let kind = MetricKind::LogitDiff;
            let result = sweep(&model, &batch, kind, &edges, exactly(patch));
            check(
                &result,
                &oracle,
                patch,
                read_of(kind),
                &format!("batch {i}"),
            );
        }
    }
}

#[test]
fn any_memory_gives_the_same_values() {
    let (model, expected) = random_model("untied-bf16");
    let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
    let oracle = Edges::new(&model, &batch);
    let edges = all_edges(&model);
    for patch in all_patches() {
        let kind = MetricKind::LogitDiff;
        let little = Memory { runs: 0, step: 0 };
        let result = sweep_within(&model, &batch, kind, &edges, exactly(patch), little);
        check(&result, &oracle, patch, read_of(kind), "little memory");
    }
}

#[test]
fn edges_between_heads_agree_with_the_sweep() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
        let kind = MetricKind::LogitDiff;
        let frozen = exactly(Patch::default());
        assert_eq!(frozen.patch.layer_norm, LayerNorm::Frozen);
        let result = sweep(&model, &batch, kind, &all_edges(&model), frozen);
        let runs = run_pairs(&model, &batch);
        for component in Component::ALL {
            let grid = sweep_all(&runs, &metric(kind, &runs), component);
            let ours = result.table.grid(component);
            assert_eq!(ours.mask, grid.mask);
            assert!(
                max_difference(&grid, &without_nan(&ours.values)) < 1e-4,
                "{name}"
            );
        }
    }
}

fn without_nan(values: &[f32]) -> Vec<f32> {
    let or_zero = |value: &f32| if value.is_nan() { 0.0 } else { *value };
    values.iter().map(or_zero).collect()
}

#[test]
fn only_the_requested_edges_are_run() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
    let oracle = Edges::new(&model, &batch);
    let kind = MetricKind::LogitDiff;
    let names = [
        "input->a0.h1<k>",
        "a0.h1->m0",
        "m0->a1.h0<v>",
        "a0.h0->a1.h1<q>",
        "a1.h0->m1",
        "m1->logits",
        "input->logits",
    ];
    let asked = names.map(|name| name.parse::<Edge>().unwrap());
    for patch in all_patches() {
        let result = sweep(&model, &batch, kind, &asked, exactly(patch));
        for edge in all_edges(&model) {
            match (asked.contains(&edge), result.table.cell(edge)) {
                (true, Cell::Exact { value, .. }) => {
                    let expected = oracle.value(edge, how(patch), 1.0, read_of(kind));
                    assert_close(value, expected, || format!("{patch:?} {edge}"));
                }
                (false, Cell::Pending) => (),
                (_, cell) => panic!("{edge}: {cell:?}"),
            }
        }
    }
}

/// The standard deviation of an edge's effects is that of the single pairs.
#[test]
fn standard_deviations_are_those_of_the_pairs() {
    let (model, expected) = random_model("hub-f16");
    let pairs = expected.batch.pairs();
    let kind = MetricKind::LogitDiff;
    let edges = all_edges(&model);
    for patch in all_patches().filter(|p| p.replacement != Replacement::Mean) {
        let of = |pairs: Vec<PromptPair>| {
            let batch = Batch::new(pairs, None, &model.config).unwrap();
            sweep(&model, &batch, kind, &edges, exactly(patch)).table
        };
        let together = of(pairs.clone());
        let alone: Vec<_> = pairs.iter().map(|pair| of(vec![pair.clone()])).collect();
        for edge in &edges {
            let effects = alone
                .iter()
                .map(|t| t.cell(*edge).value().unwrap() - t.base());
            let effects: Vec<f64> = effects.map(f64::from).collect();
            let n = effects.len() as f64;
            let mean = effects.iter().sum::<f64>() / n;
            let variance = effects.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let Cell::Exact { std_dev, .. } = together.cell(*edge) else {
                panic!("{edge}");
            };
            assert_close(std_dev.unwrap(), variance.sqrt(), || edge.to_string());
            let Cell::Exact { std_dev, .. } = alone[0].cell(*edge) else {
                panic!("{edge}");
            };
            assert_eq!(std_dev, None);
        }
    }
}

/// The strongest edges and some others are run exactly, and the largest error of the others' estimates is reported.
#[test]
fn the_strongest_are_exact_and_others_are_checked() {
    let (model, expected) = random_model("untied-bf16");
    let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
    let edges = all_edges(&model);
    let kind = MetricKind::LogitDiff;
    let (strongest, checked) = (20, 30);
    for direction in DIRECTIONS {
        let patch = Patch {
            direction,
            layer_norm: LayerNorm::Exact,
            ..Patch::default()
        };
        let whole = sweep(&model, &batch, kind, &edges, exactly(patch)).table;
        let estimated = EdgeOptions {
            scores: Scores::Estimate,
            ..exactly(patch)
        };
        let estimates = sweep(&model, &batch, kind, &edges, estimated).table;
        let options = EdgeOptions {
            estimates: true,
            strongest: Some(strongest),
            checked,
            ..exactly(patch)
        };
        let result = sweep(&model, &batch, kind, &edges, options);
        let value =
            |table: &pathpatch::patching::EdgeTable, edge| table.cell(edge).value().unwrap();

        let mut by_size = edges.clone();
        let size = |edge: &Edge| (value(&estimates, *edge) - estimates.base()).abs();
        by_size.sort_by(|a, b| size(b).total_cmp(&size(a)));
        let mut largest_error: f32 = 0.0;
        let mut exact = 0;
        for (i, edge) in by_size.iter().enumerate() {
            match result.table.cell(*edge) {
                Cell::Exact { value: got, .. } => {
                    exact += 1;
                    let expected = f64::from(value(&whole, *edge));
                    assert_close(got, expected, || edge.to_string());
                    if i >= strongest {
                        let error = (value(&estimates, *edge) - got).abs();
                        largest_error = largest_error.max(error);
                    }
                }
                Cell::Estimate(got) if i >= strongest => {
                    let expected = f64::from(value(&estimates, *edge));
                    assert_close(got, expected, || edge.to_string());
                }
                cell => panic!("number {i}, {edge}: {cell:?}"),
            }
        }
        assert_eq!(exact, strongest + checked);
        let check = result.check.unwrap();
        assert_eq!(check.edges, checked);
        assert_close(check.largest_error, f64::from(largest_error), || {
            "error".into()
        });
        // The largest share of the rest of which a sample has none with 5% or more.
        let others = edges.len() - strongest;
        let rest = others - checked;
        let missed = |off: usize| -> f64 {
            let drawn = (0..checked).map(|i| (others - off - i) as f64 / (others - i) as f64);
            drawn.product()
        };
        let most = (0..=rest).rev().find(|off| missed(*off) >= 0.05).unwrap();
        assert_eq!(check.bound, most as f32 / rest as f32);
    }
}

/// Exact effects of single positions agree with the oracle.
#[test]
fn the_strongest_by_position() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
    let oracle = Edges::new(&model, &batch);
    let graph = Graph::of(&model.config);
    let edges = all_edges(&model);
    let kind = MetricKind::LogitDiff;
    for patch in all_patches() {
        let options = EdgeOptions {
            estimates: true,
            strongest: Some(10),
            checked: 5,
            by_position: true,
            ..exactly(patch)
        };
        let result = sweep(&model, &batch, kind, &edges, options);
        let base = oracle.base(patch.direction, read_of(kind));
        let by_position = result.by_position.unwrap();
        assert_eq!(by_position.pos, batch.len_pos());
        let places: Vec<usize> = edges.iter().map(|edge| graph.place(*edge)).collect();
        assert_eq!(by_position.places, places);
        assert_eq!(by_position.estimates.len(), edges.len() * by_position.pos);
        assert_eq!(by_position.exact.len(), 10);
        for (place, effects) in &by_position.exact {
            let edge = edges
                .iter()
                .find(|edge| graph.place(**edge) == *place)
                .unwrap();
            assert_eq!(effects.len(), by_position.pos);
            for (position, effect) in effects.iter().enumerate() {
                let how = How {
                    position: Some(position),
                    ..how(patch)
                };
                let expected = oracle.value(*edge, how, 1.0, read_of(kind)) - base;
                assert_close(*effect, expected, || format!("{patch:?} {edge} {position}"));
            }
        }
    }
}
