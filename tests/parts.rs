//! Splitting a batch to fit the memory changes no number, compared with the unsplit batch to 1e-5 absolute. Also what a
//! metric may read.

use burn::tensor::Tensor;
use pathpatch::{
    error::Code,
    gpt2::Gpt2,
    metric::{Metric, MetricKind},
    patching::{
        Component, Edge, EdgeDetail, Estimates, Grid, Head, LayerNorm, Memory, Receiver, Runs,
        Sender, SweepOptions, Update, edge_detail, estimate_direct_path_all_sources,
        get_act_patch_direct_path, get_act_patch_direct_path_all_sources,
    },
    pause::NoPause,
    prompt::Batch,
};

use crate::common::{
    RANDOM_MODELS, batch, max_difference, metric, random_model, run_pairs, sweep_all,
    sweep_all_within,
};

const TOLERANCE: f32 = 1e-5;

/// Memory for one prompt, one row and one edge at a time; for runs that are never kept; for kept runs in short steps.
const MEMORIES: [Memory; 3] = [
    Memory { runs: 0, step: 0 },
    Memory {
        runs: 0,
        step: 1 << 20,
    },
    Memory {
        runs: 1 << 30,
        step: 3_000,
    },
];

const KINDS: [MetricKind; 5] = [
    MetricKind::LogitDiff,
    MetricKind::NormalizedLogitDiff,
    MetricKind::LogProb,
    MetricKind::Prob,
    MetricKind::Kl,
];

fn is_near(a: &Grid, b: &Grid, what: &str) {
    let values = max_difference(a, &b.values);
    assert!(values < TOLERANCE, "{what}: {values}");
    let spreads = a.spread.iter().zip(&b.spread);
    for (a, b) in spreads {
        assert!(a.is_nan() == b.is_nan(), "{what}: {a} and {b}");
        assert!(
            a.is_nan() || (a - b).abs() < 10.0 * TOLERANCE,
            "{what}: {a} and {b}"
        );
    }
    assert_eq!(a.exact, b.exact, "{what}");
    assert!(
        (a.clean_metric - b.clean_metric).abs() < TOLERANCE,
        "{what}"
    );
    assert!(
        (a.corrupted_metric - b.corrupted_metric).abs() < TOLERANCE,
        "{what}"
    );
}

#[test]
fn sweeps_and_estimates_are_the_same_in_any_memory() {
    let modes = [LayerNorm::Frozen, LayerNorm::Exact];
    let components = [Component::Q, Component::K, Component::V];
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = batch(&model, &expected);
        let runs = run_pairs(&model, &batch);
        for (i, kind) in KINDS.into_iter().enumerate() {
            let (layer_norm, component) = (modes[i % 2], components[i % 3]);
            let options = SweepOptions {
                layer_norm,
                estimates: true,
                ..Default::default()
            };
            let whole = metric(kind, &runs);
            let grid = sweep_all_within(&runs, &whole, component, options);
            let estimates = estimate_direct_path_all_sources(&runs, &whole, layer_norm);
            let estimates = pollster::block_on(estimates).unwrap();
            let src = Head { layer: 0, head: 1 };
            let ignore = |_: Update<'_>| Ok(());
            let one = get_act_patch_direct_path(&runs, &whole, src, component, options, ignore);
            let one = pollster::block_on(one).unwrap();
            for memory in MEMORIES {
                let what = format!("{name} {kind:?} {memory:?}");
                let runs = Runs::new(&model, &batch, &NoPause).within(memory);
                let cut = metric(kind, &runs);
                is_near(
                    &sweep_all_within(&runs, &cut, component, options),
                    &grid,
                    &what,
                );
                let Estimates { q, k, v } = {
                    let estimates = estimate_direct_path_all_sources(&runs, &cut, layer_norm);
                    pollster::block_on(estimates).unwrap()
                };
                for (cut, whole) in [(q, &estimates.q), (k, &estimates.k), (v, &estimates.v)] {
                    is_near(&cut, whole, &what);
                }
                let cut = get_act_patch_direct_path(&runs, &cut, src, component, options, ignore);
                is_near(&pollster::block_on(cut).unwrap(), &one, &what);
            }
        }
    }
}

#[test]
fn an_edge_is_exact_once_all_prompts_are_done_and_progress_comes_before() {
    let (model, expected) = random_model("hub-f16");
    let batch = batch(&model, &expected);
    let runs = Runs::new(&model, &batch, &NoPause).within(MEMORIES[0]);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let options = SweepOptions {
        estimates: true,
        ..Default::default()
    };
    let heads = model.config.n_layers * model.config.n_heads;
    let mut times = vec![0; heads * heads];
    assert!(batch.pairs().len() > 1);
    let (mut before, mut silent, mut flops) = (0, 0, 0.0);
    let mut is_estimated = false;
    let record = |update: Update<'_>| {
        let Update {
            progress,
            grid,
            fresh,
        } = update;
        assert!(progress.flops >= flops);
        let is_silent = fresh.is_empty() && progress.flops > flops;
        if is_estimated {
            assert!(fresh.iter().all(|i| grid.exact[*i] == 1));
            fresh.iter().for_each(|i| times[*i] += 1);
            silent += usize::from(is_silent);
        } else if is_silent {
            before += 1;
            assert_eq!(progress.max_estimate_error, None);
        } else {
            assert_eq!(fresh.len(), progress.total);
            is_estimated = true;
        }
        assert_eq!(times.iter().sum::<usize>(), progress.done);
        flops = progress.flops;
        Ok(())
    };
    let component = Component::Q;
    let sweep = get_act_patch_direct_path_all_sources(&runs, &metric, component, options, record);
    let grid = pollster::block_on(sweep).unwrap();
    assert_eq!(before, batch.pairs().len() - 1);
    assert!(
        silent >= batch.pairs().len(),
        "{silent} updates of progress alone"
    );
    let once: Vec<u8> = times.iter().map(|n| *n as u8).collect();
    assert_eq!(once, grid.mask);
}

#[test]
fn a_closure_has_all_prompts_at_once_in_any_memory() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let closure = |logits: Tensor<3>| logits.max().reshape([1]);
    let whole = sweep_all(&run_pairs(&model, &batch), &closure, Component::K);
    for memory in MEMORIES {
        let runs = Runs::new(&model, &batch, &NoPause).within(memory);
        let cut = sweep_all(&runs, &closure, Component::K);
        is_near(&cut, &whole, &format!("{memory:?}"));
    }
}

#[test]
fn the_detail_of_an_edge_is_the_same_in_any_memory() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let pair = expected.batch.pairs().swap_remove(0);
        let batch = Batch::new(vec![pair], None, &model.config).unwrap();
        let look = |runs: &Runs<'_>| -> EdgeDetail {
            let dst = Head {
                layer: model.config.n_layers - 1,
                head: 1,
            };
            let edge = Edge {
                from: Sender::Head(Head { layer: 0, head: 0 }),
                to: Receiver::Head(dst, Component::K),
            };
            let metric = metric(MetricKind::Prob, runs);
            let detail = edge_detail(runs, &metric, edge, LayerNorm::Exact);
            pollster::block_on(detail).unwrap()
        };
        let whole = look(&run_pairs(&model, &batch));
        for memory in MEMORIES {
            let cut = look(&Runs::new(&model, &batch, &NoPause).within(memory));
            assert!((cut.value - whole.value).abs() < TOLERANCE);
            assert_eq!(cut.moved.len(), whole.moved.len());
            let numbers = |detail: &EdgeDetail| {
                let [src, dst] = [&detail.src, &detail.dst].map(|head| head.as_ref().unwrap());
                [
                    detail.patched.clone(),
                    detail.added.clone(),
                    detail.length.clone(),
                    src.pattern.clean.clone(),
                    dst.pattern.corrupted.clone(),
                    src.attribution.clean.clone(),
                    dst.attribution.corrupted.clone(),
                ]
                .concat()
            };
            let (cut, whole) = (numbers(&cut), numbers(&whole));
            assert_eq!(cut.len(), whole.len());
            for (a, b) in cut.iter().zip(&whole) {
                assert!((a - b).abs() < TOLERANCE, "{name} {memory:?}: {a} and {b}");
            }
        }
    }
}

/// The logit of one token at one position of each prompt, as a metric that cannot be split by prompts.
struct LogitAt {
    positions: Vec<usize>,
    tokens: Vec<u32>,
}

impl Metric for LogitAt {
    fn positions(&self) -> Option<&[usize]> {
        Some(&self.positions)
    }

    fn tokens(&self) -> Option<&[u32]> {
        Some(&self.tokens)
    }

    fn evaluate(&self, logits: Tensor<4>) -> Tensor<2> {
        logits.narrow(3, 0, 1).squeeze_dim::<3>(3).squeeze_dim(2)
    }
}

fn sweep_at(
    model: &Gpt2,
    batch: &Batch,
    positions: Vec<usize>,
    tokens: Vec<u32>,
) -> Result<Grid, pathpatch::error::Error> {
    let runs = Runs::new(model, batch, &NoPause);
    let metric = LogitAt { positions, tokens };
    let (component, options) = (Component::V, SweepOptions::default());
    let ignore = |_: Update<'_>| Ok(());
    let sweep = get_act_patch_direct_path_all_sources(&runs, &metric, component, options, ignore);
    pollster::block_on(sweep)
}

#[test]
fn a_metric_reads_only_positions_and_tokens_that_exist() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let n = batch.pairs().len();
    let lengths: Vec<usize> = batch.pairs().iter().map(|p| p.clean.len()).collect();
    let vocabulary = model.config.d_vocab as u32;
    // Nothing changes before the first difference of a pair.
    let before = sweep_at(&model, &batch, vec![0; n], vec![3]).unwrap();
    let baseline = vec![before.corrupted_metric; before.values.len()];
    assert!(max_difference(&before, &baseline) < TOLERANCE);
    let last: Vec<usize> = lengths.iter().map(|n| n - 1).collect();
    let at_the_end = sweep_at(&model, &batch, last, vec![3]).unwrap();
    let baseline = vec![at_the_end.corrupted_metric; at_the_end.values.len()];
    assert!(max_difference(&at_the_end, &baseline) > 10.0 * TOLERANCE);

    let wrong = [
        (
            vec![0; n + 1],
            vec![3],
            "metric positions: expected one for each",
        ),
        (
            lengths,
            vec![3],
            "metric position: expected below the prompt's",
        ),
        (vec![0; n], vec![], "metric tokens: expected at least one"),
        (
            vec![0; n],
            vec![vocabulary],
            "metric token: expected ids below",
        ),
    ];
    for (positions, tokens, says) in wrong {
        let error = sweep_at(&model, &batch, positions, tokens).unwrap_err();
        assert_eq!(error.code, Code::Metric);
        assert!(error.to_string().starts_with(says), "{error}");
    }
}

#[test]
fn tokens_after_the_metrics_position_change_nothing() {
    let (model, expected) = random_model("hub-f16");
    let longest = |batch: &Batch| batch.len_pos();
    let pair = expected.batch.pairs().remove(0);
    let read: usize = 3;
    let whole = Batch::new(vec![pair.clone()], Some(read as i64), &model.config).unwrap();
    let mut cut = pair;
    cut.clean.truncate(read + 1);
    cut.corrupted.truncate(read + 1);
    let cut = Batch::new(vec![cut], None, &model.config).unwrap();
    assert!(longest(&whole) > longest(&cut));
    let sweep = |batch: &Batch| {
        let runs = run_pairs(&model, batch);
        sweep_all(&runs, &metric(MetricKind::Kl, &runs), Component::K)
    };
    is_near(&sweep(&whole), &sweep(&cut), "cut after the metric");
}

#[test]
fn a_nan_value_is_an_error_that_names_the_edge() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let runs = run_pairs(&model, &batch);
    let measure = |logits: Tensor<3>| logits.square().mean();
    let both = sweep_all(&runs, &measure, Component::V);
    // NaN as soon as anything but the two runs is measured.
    let overflows = |logits: Tensor<3>| {
        let value = measure(logits);
        let number: f32 = value.clone().into_scalar();
        match number == both.clean_metric || number == both.corrupted_metric {
            true => value,
            false => value * f32::INFINITY,
        }
    };
    let options = SweepOptions::default();
    let ignore = |_: Update<'_>| Ok(());
    let component = Component::V;
    let sweep =
        get_act_patch_direct_path_all_sources(&runs, &overflows, component, options, ignore);
    let error = pollster::block_on(sweep).unwrap_err();
    assert_eq!(error.code, Code::Metric);
    let text = error.to_string();
    assert!(text.starts_with("metric of edge a0.h"), "{text}");
    assert!(text.contains("expected a finite number"), "{text}");
}
