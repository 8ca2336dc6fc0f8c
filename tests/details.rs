//! Details of one edge and one head, and the standard deviation over pairs of prompts, to 1e-4: against the oracle, the
//! sweep, and sums that must hold.

use std::collections::HashSet;

use burn::tensor::{Tensor, TensorData};
use pathpatch::{
    error::Code,
    gpt2::{ActivationCache, Gpt2},
    metric::MetricKind,
    ops::layer_norm,
    patching::{
        Component, Direction, Edge, EdgeDetail, EdgeOptions, Graph, Head, LayerNorm, Patch,
        Receiver, Replacement, Runs, Sender, all_heads, edge_detail, head_detail, sweep_edges,
    },
    pause::NoPause,
    prompt::{Batch, PromptPair},
};

use crate::{
    common::{RANDOM_MODELS, max_difference, metric, random_model, run_pairs, sweep_all},
    oracle::{
        Oracle,
        edges::{Edges, How},
    },
    shortcuts::read_of,
};

const TOLERANCE: f32 = 1e-4;

/// A batch of only the first pair of a random model.
fn one_pair(name: &str) -> (Gpt2, Batch) {
    let (model, expected) = random_model(name);
    let pair = expected.batch.pairs().swap_remove(0);
    let batch = Batch::new(vec![pair], None, &model.config).unwrap();
    (model, batch)
}

fn between([src, dst]: [Head; 2], component: Component) -> Edge {
    Edge {
        from: Sender::Head(src),
        to: Receiver::Head(dst, component),
    }
}

fn look(model: &Gpt2, batch: &Batch, ends: [Head; 2], component: Component) -> EdgeDetail {
    let runs = run_pairs(model, batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let detail = edge_detail(&runs, &metric, between(ends, component), LayerNorm::Frozen);
    pollster::block_on(detail).unwrap()
}

#[test]
fn an_edge_has_the_value_of_the_sweep_and_the_logits_of_the_oracle() {
    for name in RANDOM_MODELS {
        let (model, batch) = one_pair(name);
        let edges = Edges::new(&model, &batch);
        let pair = &batch.pairs()[0];
        let corrupted = Oracle::new(&model).run(&pair.corrupted);
        let (layers, heads) = (model.config.n_layers, model.config.n_heads);
        let pos = pair.clean.len();
        let src = Head { layer: 0, head: 1 };
        let dst = Head {
            layer: layers - 1,
            head: 0,
        };
        let place = (src.layer * heads + src.head) * layers * heads + dst.layer * heads + dst.head;
        for component in [Component::Q, Component::K, Component::V] {
            let runs = run_pairs(&model, &batch);
            let logit_diff = metric(MetricKind::LogitDiff, &runs);
            let grid = sweep_all(&runs, &logit_diff, component);
            let detail = look(&model, &batch, [src, dst], component);
            assert!(
                (detail.value - grid.values[place]).abs() < TOLERANCE,
                "{name}"
            );
            assert!((detail.metric.clean - grid.clean_metric).abs() < TOLERANCE);
            assert!((detail.metric.corrupted - grid.corrupted_metric).abs() < TOLERANCE);

            let edge = Edge {
                from: Sender::Head(src),
                to: Receiver::Head(dst, component),
            };
            let patched = edges.logits(0, edge, How::default(), 1.0);
            assert_eq!(detail.moved.len(), 16.min(model.config.d_vocab), "{name}");
            for moved in &detail.moved {
                for (logits, got) in [(&corrupted.logits, 0), (&patched, 1)] {
                    let last = &logits[pos - 1];
                    let expected =
                        last[moved.id as usize].exp() / last.iter().map(|l| l.exp()).sum::<f64>();
                    assert!(
                        (moved.probability[got] - expected as f32).abs() < TOLERANCE,
                        "{name}"
                    );
                }
            }
            let changes = detail
                .moved
                .iter()
                .map(|m| m.probability[1] - m.probability[0]);
            assert!(changes.collect::<Vec<_>>().is_sorted_by(|a, b| a >= b));

            for (pattern, query) in detail.patched.chunks(pos).zip(0..) {
                assert!((pattern.iter().sum::<f32>() - 1.0).abs() < TOLERANCE);
                assert!(pattern[query + 1..].iter().all(|p| *p == 0.0));
            }
            let dst = detail.dst.as_ref().unwrap();
            let is_moved = max(&detail.patched, &dst.pattern.corrupted) > 0.0;
            assert_eq!(is_moved, component != Component::V, "{name}");
            let first = batch.first_row();
            assert!(detail.added[..first].iter().all(|a| *a == 0.0));
            assert!(detail.added[first..].iter().any(|a| *a > 0.0));
            assert_eq!([detail.added.len(), detail.length.len()], [pos, pos]);
        }
    }
}

#[test]
fn head_attributions_sum_to_the_logit_difference_of_the_attention_output() {
    for name in RANDOM_MODELS {
        let (model, batch) = one_pair(name);
        let pair = &batch.pairs()[0];
        let last = pair.clean.len() - 1;
        let details = all_heads(&model.config)
            .into_iter()
            .map(|head| pollster::block_on(head_detail(&model, &batch, head, &NoPause)).unwrap());
        let details: Vec<_> = details.collect();
        let tokens = [pair.answers[0], pair.distractors[0]];
        let signs = TensorData::new(vec![1.0f32, -1.0], [1, 2]);
        let signs = Tensor::from_data(signs, &model.device());
        let direction = model.unembed.of_tokens(Some(&tokens)).backward(signs);
        for (ids, is_clean) in [(&pair.clean, true), (&pair.corrupted, false)] {
            let run = model.run_with_cache(std::slice::from_ref(ids), &NoPause);
            let run = pollster::block_on(run).unwrap();
            let row = |x: Tensor<3>| x.narrow(1, last, 1).flatten::<2>(0, 1);
            let (_, scale) = layer_norm(row(run.final_resid()), model.config.eps);
            let written = run
                .blocks
                .iter()
                .zip(model.layers.blocks())
                .map(|(cache, block)| {
                    let attn = row(cache.resid_mid.clone() - cache.resid_pre.clone());
                    attn - block.b_o.clone().unsqueeze()
                });
            let written = written.reduce(|a, b| a + b).unwrap();
            let expected: f32 = ((written / scale) * direction.clone()).sum().into_scalar();
            let of_run = details.iter().flat_map(|detail| match is_clean {
                true => &detail.attribution.clean,
                false => &detail.attribution.corrupted,
            });
            assert!((of_run.sum::<f32>() - expected).abs() < TOLERANCE, "{name}");
        }
    }
}

/// A head's attribution to the mean of several logits is the mean of its attributions to each.
#[test]
fn with_several_answers_the_attribution_is_to_their_mean_logit() {
    let (model, batch) = one_pair("hub-f16");
    let head = Head { layer: 0, head: 1 };
    let attribution = |answers: &[u32], distractors: &[u32]| {
        let mut pair = batch.pairs()[0].clone();
        (pair.answers, pair.distractors) = (answers.to_vec(), distractors.to_vec());
        let batch = Batch::new(vec![pair], None, &model.config).unwrap();
        let detail = pollster::block_on(head_detail(&model, &batch, head, &NoPause));
        detail.unwrap().attribution.clean
    };
    let several = attribution(&[1, 2, 3], &[4, 5]);
    let one = |id| attribution(&[id], &[]);
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(one);
    assert!(several.iter().any(|x| x.abs() > TOLERANCE));
    for (i, got) in several.iter().enumerate() {
        let expected = (a[i] + b[i] + c[i]) / 3.0 - (d[i] + e[i]) / 2.0;
        assert!((got - expected).abs() < 1e-5, "{got}, not {expected}");
    }
}

#[test]
fn the_standard_deviation_is_that_of_the_single_pairs() {
    let (model, expected) = random_model("hub-f16");
    let pairs = expected.batch.pairs();
    let whole = Batch::new(pairs.clone(), None, &model.config).unwrap();
    let sweep = |batch: &Batch| {
        let runs = run_pairs(&model, batch);
        let metric = metric(MetricKind::LogitDiff, &runs);
        sweep_all(&runs, &metric, Component::K)
    };
    let together = sweep(&whole);
    let alone = pairs.into_iter().map(|pair| {
        let grid = sweep(&Batch::new(vec![pair], None, &model.config).unwrap());
        assert!(grid.spread.iter().all(|s| s.is_nan()));
        grid.values
            .iter()
            .map(|v| v - grid.corrupted_metric)
            .collect::<Vec<_>>()
    });
    let alone: Vec<Vec<f32>> = alone.collect();
    let n = alone.len() as f32;
    let deviation = |i: usize| {
        let mean = alone.iter().map(|changes| changes[i]).sum::<f32>() / n;
        let squares = alone.iter().map(|changes| (changes[i] - mean).powi(2));
        (squares.sum::<f32>() / (n - 1.0)).sqrt()
    };
    let deviations: Vec<f32> = (0..together.values.len()).map(deviation).collect();
    assert!(deviations.iter().any(|d| *d > 10.0 * TOLERANCE));
    let mut spread = together;
    spread.values = std::mem::take(&mut spread.spread);
    assert!(max_difference(&spread, &deviations) < TOLERANCE);
}

#[test]
fn edges_and_batches_without_a_detail_are_errors() {
    let (model, expected) = random_model("hub-f16");
    let batch = Batch::new(expected.batch.pairs(), None, &model.config).unwrap();
    let head = Head { layer: 0, head: 0 };
    let many = pollster::block_on(head_detail(&model, &batch, head, &NoPause)).unwrap_err();
    assert_eq!(many.code, Code::Clean);
    assert!(
        many.to_string().contains("expected one to look at"),
        "{many}"
    );

    let (model, batch) = one_pair("prefixed-f32");
    let runs = run_pairs(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let edge = between([head, head], Component::Q);
    let detail = edge_detail(&runs, &metric, edge, LayerNorm::Frozen);
    let backwards = pollster::block_on(detail).unwrap_err();
    assert_eq!(backwards.code, Code::Source);
    assert_eq!(
        backwards.to_string(),
        "edge: expected a receiver that reads after a0.h0 has written, got a0.h0->a0.h0<q>"
    );
}

#[test]
fn an_error_about_a_missing_head_names_its_role() {
    let (model, batch) = one_pair("prefixed-f32");
    let runs = run_pairs(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let (there, not_there) = (Head { layer: 0, head: 0 }, Head { layer: 9, head: 0 });
    let edge = |ends| {
        let detail = edge_detail(
            &runs,
            &metric,
            between(ends, Component::Q),
            LayerNorm::Frozen,
        );
        pollster::block_on(detail).unwrap_err().what
    };
    assert_eq!(edge([not_there, there]), "sender");
    assert_eq!(edge([there, not_there]), "receiver");
    let head = pollster::block_on(head_detail(&model, &batch, not_there, &NoPause));
    assert_eq!(head.unwrap_err().what, "head");
}

fn max(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// Every edge of a model, looked at: its value is the sweep's, whose effects by position are the oracle's.
#[test]
fn edges_of_every_class_are_looked_at() {
    let (model, batch) = one_pair("prefixed-f32");
    let oracle = Edges::new(&model, &batch);
    let read = read_of(MetricKind::LogitDiff);
    let (graph, pos) = (Graph::of(&model.config), batch.len_pos());
    let all: Vec<Edge> = graph.edges().collect();
    let patches = [
        (Direction::Denoise, Replacement::Resample, LayerNorm::Exact),
        (Direction::Noise, Replacement::Resample, LayerNorm::Frozen),
        (Direction::Noise, Replacement::Zero, LayerNorm::Exact),
    ];
    for (direction, replacement, layer_norm) in patches {
        let runs = run_pairs(&model, &batch).patching(direction, replacement);
        let metric = metric(MetricKind::LogitDiff, &runs);
        let options = EdgeOptions {
            patch: Patch {
                direction,
                replacement,
                layer_norm,
            },
            by_position: true,
            ..EdgeOptions::default()
        };
        let swept = sweep_edges(&runs, &metric, &all, &options, |_| Ok(()));
        let swept = pollster::block_on(swept).unwrap();
        let (table, exact) = (swept.table, swept.by_position.unwrap().exact);
        let base = oracle.base(direction, read);
        for (edge, (place, effects)) in all.iter().zip(&exact) {
            assert_eq!(*place, graph.place(*edge));
            let what = format!("{direction:?} {replacement:?} {layer_norm:?} {edge}");
            let detail = edge_detail(&runs, &metric, *edge, layer_norm);
            let detail = pollster::block_on(detail).unwrap();
            let value = table.cell(*edge).value().unwrap();
            assert!((detail.value - value).abs() < TOLERANCE, "{what}");
            assert_eq!(detail.metric, table.metric, "{what}");
            assert_eq!(detail.src.is_some(), matches!(edge.from, Sender::Head(_)));
            assert_eq!(detail.dst.is_some(), matches!(edge.to, Receiver::Head(..)));
            let pattern = detail.dst.map_or(0, |dst| dst.pattern.clean.len());
            assert_eq!(detail.patched.len(), pattern, "{what}");
            for numbers in [&detail.added, &detail.length, effects] {
                assert_eq!(numbers.len(), pos, "{what}");
            }
            for (position, effect) in effects.iter().enumerate() {
                let how = How {
                    direction,
                    replacement,
                    layer_norm,
                    position: Some(position),
                };
                let expected = oracle.value(*edge, how, 1.0, read) - base;
                let difference = (f64::from(*effect) - expected).abs();
                assert!(difference < f64::from(TOLERANCE), "{what} {position}");
                // Nothing is read at a position, so nothing follows from it.
                assert!(
                    detail.added[position] > 0.0 || effect.abs() < TOLERANCE,
                    "{what}"
                );
            }
        }
    }
}

/// Where a mean goes in it is over all pairs, whichever of them is looked at: against the oracle pair by pair, and the
/// sweep in the mean. The pairs are of different lengths.
#[test]
fn one_pair_of_several_is_patched_with_the_mean_over_all() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let mut pairs = expected.batch.pairs();
        let mut shorter = pairs[0].clone();
        shorter.clean.remove(0);
        shorter.corrupted.remove(0);
        let swapped = PromptPair {
            clean: shorter.corrupted.clone(),
            corrupted: pairs[0].clean[1..].to_vec(),
            ..shorter.clone()
        };
        pairs.extend([shorter, swapped]);
        let lengths: HashSet<usize> = pairs.iter().map(|pair| pair.clean.len()).collect();
        assert!(pairs.len() >= 3 && lengths.len() > 1);
        let batch = Batch::new(pairs, None, &model.config).unwrap();
        let oracle = Edges::new(&model, &batch);
        let read = read_of(MetricKind::LogitDiff);
        let all = oracle.graph().edges();
        let edges: Vec<Edge> = all.step_by(7).collect();
        for (direction, layer_norm) in [
            (Direction::Denoise, LayerNorm::Exact),
            (Direction::Noise, LayerNorm::Frozen),
        ] {
            for replacement in [Replacement::Mean, Replacement::Resample] {
                let how = How {
                    direction,
                    replacement,
                    layer_norm,
                    position: None,
                };
                let runs = || run_pairs(&model, &batch).patching(direction, replacement);
                let options = EdgeOptions {
                    patch: Patch {
                        direction,
                        replacement,
                        layer_norm,
                    },
                    estimates: false,
                    by_position: true,
                    ..EdgeOptions::default()
                };
                let sweep = |runs: &Runs| {
                    let metric = metric(MetricKind::LogitDiff, runs);
                    let swept = sweep_edges(runs, &metric, &edges, &options, |_| Ok(()));
                    pollster::block_on(swept).unwrap()
                };
                let mut sums = vec![0.0; edges.len()];
                for (i, pair) in batch.pairs().iter().enumerate() {
                    let one = runs().of_pair(i).unwrap();
                    let metric = metric(MetricKind::LogitDiff, &one);
                    let by_position = sweep(&one).by_position.unwrap().exact;
                    let at = batch.positions()[i];
                    let ids = match direction {
                        Direction::Denoise => &pair.corrupted,
                        Direction::Noise => &pair.clean,
                    };
                    let base = Oracle::new(&model).run(ids).logits;
                    for ((edge, sum), (_, effects)) in edges.iter().zip(&mut sums).zip(&by_position)
                    {
                        let what = format!("{name} {direction:?} {replacement:?} pair {i} {edge}");
                        let value = |how, amount| {
                            let logits = oracle.logits(i, *edge, how, amount);
                            read(&logits, &logits, pair, at)
                        };
                        let detail = edge_detail(&one, &metric, *edge, layer_norm);
                        let detail = pollster::block_on(detail).unwrap();
                        let expected = value(how, 1.0);
                        let difference = (f64::from(detail.value) - expected).abs();
                        assert!(difference < f64::from(TOLERANCE), "{what}");
                        assert_eq!(detail.added.len(), pair.clean.len(), "{what}");
                        *sum += detail.value;

                        let position = at / 2;
                        let alone = How {
                            position: Some(position),
                            ..how
                        };
                        let expected = value(alone, 1.0) - read(&base, &base, pair, at);
                        let difference = (f64::from(effects[position]) - expected).abs();
                        assert!(difference < f64::from(TOLERANCE), "{what} at {position}");
                    }
                }
                let table = sweep(&runs()).table;
                for (edge, sum) in edges.iter().zip(&sums) {
                    let mean = sum / batch.pairs().len() as f32;
                    let value = table.cell(*edge).value().unwrap();
                    assert!((mean - value).abs() < TOLERANCE, "{name} {edge}");
                }
            }
        }
        let none = run_pairs(&model, &batch).of_pair(99).err().unwrap();
        assert_eq!(none.code, Code::Option);
    }
}

#[test]
fn an_mlp_and_the_logits_read_their_normalised_inputs() {
    let (model, batch) = one_pair("hub-f16");
    let runs = run_pairs(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let pair = &batch.pairs()[0];
    let [clean, corrupted] = [&pair.clean, &pair.corrupted].map(|ids| {
        let run = model.run_with_cache(std::slice::from_ref(ids), &NoPause);
        pollster::block_on(run).unwrap()
    });
    let lengths = |x: Tensor<3>| -> Vec<f32> {
        let lengths = x.square().sum_dim(2).sqrt();
        lengths.into_data().try_into_vec().unwrap()
    };
    let last = model.config.n_layers - 1;
    let written = |run: &ActivationCache| {
        let block = &run.blocks[0];
        block.resid_post.clone() - block.resid_mid.clone()
    };
    let delta = written(&clean) - written(&corrupted);
    for (to, input) in [
        (
            Receiver::Mlp(last),
            corrupted.blocks[last].resid_mid.clone(),
        ),
        (Receiver::Logits, corrupted.final_resid()),
    ] {
        let edge = Edge {
            from: Sender::Mlp(0),
            to,
        };
        let eps = model.config.eps;
        let (before, scale) = layer_norm(input.clone(), eps);
        let exact = layer_norm(input + delta.clone(), eps).0 - before.clone();
        let frozen = delta.clone() / scale;
        for (mode, added) in [(LayerNorm::Exact, exact), (LayerNorm::Frozen, frozen)] {
            let detail = pollster::block_on(edge_detail(&runs, &metric, edge, mode)).unwrap();
            assert!(
                max(&detail.added, &lengths(added)) < TOLERANCE,
                "{edge} {mode:?}"
            );
            assert!(
                max(&detail.length, &lengths(before.clone())) < TOLERANCE,
                "{edge}"
            );
        }
    }
}
