//! Invariants that hold for any weights, checked on the random models, to 1e-5 absolute where runs are compared.

use std::{
    cell::Cell,
    future::{Future, ready},
    pin::Pin,
};

use burn::tensor::Tensor;
use pathpatch::{
    error::{Code, Error, Result},
    metric::MetricKind,
    patching::{
        Component, Head, LayerNorm, Runs, SweepOptions, Update, all_heads,
        estimate_direct_path_all_sources, get_act_patch_direct_path,
        get_act_patch_direct_path_all_sources,
    },
    pause::Pause,
    prompt::Batch,
};

use crate::common::{
    RANDOM_MODELS, batch, max_difference, metric, random_model, run_pairs, sweep_all,
    sweep_all_within,
};

const TOLERANCE: f32 = 1e-5;

#[test]
fn equal_prompts_give_the_baseline_everywhere() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let mut pairs = expected.batch.pairs();
        pairs.iter_mut().for_each(|p| p.corrupted = p.clean.clone());
        let batch = Batch::new(pairs, None, &model.config).unwrap();
        let runs = run_pairs(&model, &batch);
        let metric = metric(MetricKind::LogitDiff, &runs);
        for component in [Component::Q, Component::K, Component::V] {
            let grid = sweep_all(&runs, &metric, component);
            let baseline = vec![grid.corrupted_metric; grid.values.len()];
            assert!(max_difference(&grid, &baseline) < TOLERANCE, "{name}");
            assert!((grid.clean_metric - grid.corrupted_metric).abs() < TOLERANCE);
        }
    }
}

#[test]
fn a_metric_before_the_first_difference_never_moves() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = Batch::new(expected.batch.pairs(), Some(1), &model.config).unwrap();
    let runs = run_pairs(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let grid = sweep_all(&runs, &metric, Component::K);
    let baseline = vec![grid.corrupted_metric; grid.values.len()];
    assert!(max_difference(&grid, &baseline) < TOLERANCE);
}

#[test]
fn one_source_equals_its_part_of_the_full_sweep() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = batch(&model, &expected);
        let runs = run_pairs(&model, &batch);
        let metric = metric(MetricKind::Kl, &runs);
        let all = sweep_all(&runs, &metric, Component::Q);
        let n = model.config.n_layers * model.config.n_heads;
        for (i, src) in all_heads(&model.config).into_iter().enumerate() {
            let one = pollster::block_on(get_act_patch_direct_path(
                &runs,
                &metric,
                src,
                Component::Q,
                SweepOptions::default(),
                |_: Update<'_>| Ok(()),
            ))
            .unwrap();
            assert_eq!(one.shape, [model.config.n_layers, model.config.n_heads]);
            assert_eq!(one.mask, all.mask[i * n..(i + 1) * n]);
            let part = &all.values[i * n..(i + 1) * n];
            assert!(max_difference(&one, part) < TOLERANCE, "{name} {src}");
        }
    }
}

#[test]
fn any_memory_budget_gives_the_same_grid() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = batch(&model, &expected);
        let runs = run_pairs(&model, &batch);
        let metric = metric(MetricKind::LogProb, &runs);
        let whole = sweep_all(&runs, &metric, Component::V);
        for memory_budget in [0, 20_000, 50_000] {
            let options = SweepOptions {
                memory_budget: Some(memory_budget),
                ..Default::default()
            };
            let cut = sweep_all_within(&runs, &metric, Component::V, options);
            assert!(max_difference(&cut, &whole.values) < TOLERANCE, "{name}");
        }
    }
}

#[test]
fn a_batch_is_the_mean_of_its_pairs() {
    let (model, expected) = random_model("hub-f16");
    let pairs = expected.batch.pairs();
    let sweep = |pairs: Vec<_>| {
        let batch = Batch::new(pairs, None, &model.config).unwrap();
        let runs = run_pairs(&model, &batch);
        let metric = metric(MetricKind::Prob, &runs);
        sweep_all(&runs, &metric, Component::K)
    };
    let together = sweep(pairs.clone());
    let alone: Vec<_> = pairs.iter().map(|p| sweep(vec![p.clone()])).collect();
    let mean = |i: usize| alone.iter().map(|g| g.values[i]).sum::<f32>() / alone.len() as f32;
    let means: Vec<f32> = (0..together.values.len()).map(mean).collect();
    assert!(max_difference(&together, &means) < TOLERANCE);
}

#[test]
fn the_mask_marks_later_layers_only() {
    let (model, expected) = random_model("hub-f16");
    let batch = batch(&model, &expected);
    let runs = run_pairs(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let grid = sweep_all(&runs, &metric, Component::Q);
    let heads = all_heads(&model.config);
    let edges = heads.iter().flat_map(|s| heads.iter().map(move |d| (s, d)));
    for ((src, dst), (mask, value)) in edges.zip(grid.mask.iter().zip(&grid.values)) {
        assert_eq!(*mask == 1, dst.layer > src.layer);
        assert_eq!(value.is_finite(), *mask == 1);
    }
}

#[test]
fn progress_counts_every_edge_and_an_error_from_the_caller_stops_the_sweep() {
    let (model, expected) = random_model("untied-bf16");
    let batch = batch(&model, &expected);
    let runs = run_pairs(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs);
    let options = SweepOptions {
        memory_budget: Some(0),
        ..Default::default()
    };
    let (mut done, mut exact, mut flops) = (0, 0, 0.0);
    let record = |u: Update<'_>| {
        let p = u.progress;
        assert_eq!(p.total, 4 * 3 / 2 * 2 * 2);
        assert!(p.done >= done && p.flops >= flops);
        (done, flops) = (p.done, p.flops);
        exact += u.fresh.len();
        assert_eq!(exact, p.done);
        assert_eq!(u.grid.exact.iter().filter(|e| **e == 1).count(), p.done);
        Ok(())
    };
    let all = get_act_patch_direct_path_all_sources(&runs, &metric, Component::Q, options, record);
    pollster::block_on(all).unwrap();
    assert_eq!(done, 24);

    let mut last = 0;
    let cancel = |u: Update<'_>| {
        let p = u.progress;
        last = p.done;
        match p.done {
            5.. => Err(Error::new(Code::Cancelled, "sweep", "to finish", "a stop")),
            _ => Ok(()),
        }
    };
    let all = get_act_patch_direct_path_all_sources(&runs, &metric, Component::Q, options, cancel);
    assert_eq!(pollster::block_on(all).unwrap_err().code, Code::Cancelled);
    assert!(
        (5..24).contains(&last),
        "{last} edges before a stop after 5"
    );
}

/// Lets a computation pass a number of pauses, then stops it.
struct StopAfter(Cell<usize>);

impl Pause for StopAfter {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.unwrap_or(0));
        let stop = || Error::new(Code::Cancelled, "sweep", "to finish", "a stop");
        Box::pin(ready(left.map(|_| ()).ok_or_else(stop)))
    }
}

#[test]
fn runs_estimates_and_sweeps_can_be_stopped_at_every_pause() {
    let (model, expected) = random_model("untied-bf16");
    let batch = batch(&model, &expected);
    let options = SweepOptions {
        estimates: true,
        ..Default::default()
    };
    let sweep = |pauses| {
        let pause = StopAfter(Cell::new(pauses));
        let result = pollster::block_on(async {
            let runs = Runs::new(&model, &batch, &pause);
            let metric = runs.metric(MetricKind::Kl).await?;
            let component = Component::Q;
            let ignore = |_: Update<'_>| Ok(());
            get_act_patch_direct_path_all_sources(&runs, &metric, component, options, ignore).await
        });
        (result, pauses - pause.0.get())
    };
    let (whole, steps) = sweep(usize::MAX);
    whole.unwrap();
    let layers = model.config.n_layers;
    assert!(
        steps > 3 * layers,
        "a pause in each layer of both runs and of the sweep"
    );
    for pauses in 0..steps {
        let (stopped, used) = sweep(pauses);
        assert_eq!(stopped.unwrap_err().code, Code::Cancelled);
        assert_eq!(used, pauses, "nothing is done after a stop");
    }
    sweep(steps).0.unwrap();
}

#[test]
fn estimates_come_first_and_the_largest_become_exact_first() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let runs = run_pairs(&model, &batch);
    let metric = metric(MetricKind::NormalizedLogitDiff, &runs);
    let estimates = pollster::block_on(estimate_direct_path_all_sources(
        &runs,
        &metric,
        LayerNorm::Frozen,
    ))
    .unwrap();
    let options = SweepOptions {
        estimates: true,
        memory_budget: Some(0),
        ..Default::default()
    };
    let effect = |i: usize| (estimates.v.values[i] - estimates.v.corrupted_metric).abs();
    let (mut order, mut updates, mut last_error) = (Vec::new(), 0, None);
    let record = |u: Update<'_>| {
        if updates == 0 {
            assert_eq!(u.fresh.len(), u.progress.total);
            assert!(max_difference(u.grid, &estimates.v.values) < TOLERANCE);
            assert!(u.grid.exact.iter().all(|e| *e == 0));
        } else {
            assert!(u.fresh.iter().all(|i| u.grid.exact[*i] == 1));
            order.extend_from_slice(u.fresh);
        }
        updates += 1;
        last_error = u.progress.max_estimate_error;
        Ok(())
    };
    let component = Component::V;
    let sweep = get_act_patch_direct_path_all_sources(&runs, &metric, component, options, record);
    let grid = pollster::block_on(sweep).unwrap();

    assert!(order.windows(2).all(|two| effect(two[0]) >= effect(two[1])));
    assert_eq!(grid.exact, grid.mask);
    let worst = max_difference(&grid, &estimates.v.values);
    assert!((worst - last_error.unwrap()).abs() < TOLERANCE);
    let plain = sweep_all(&runs, &metric, component);
    assert!(max_difference(&grid, &plain.values) < TOLERANCE);
}

#[test]
fn a_metric_without_a_gradient_is_swept_without_estimates() {
    let (model, expected) = random_model("prefixed-f32");
    let batch = batch(&model, &expected);
    let runs = run_pairs(&model, &batch);
    let closure = |logits: Tensor<3>| logits.square().mean();
    let error = estimate_direct_path_all_sources(&runs, &closure, LayerNorm::Frozen);
    let error = pollster::block_on(error).unwrap_err();
    assert_eq!(error.code, Code::Metric);
    let options = SweepOptions {
        estimates: true,
        ..Default::default()
    };
    let grid = sweep_all_within(&runs, &closure, Component::Q, options);
    let plain = sweep_all(&runs, &closure, Component::Q);
    assert_eq!(grid.exact, grid.mask);
    assert!(max_difference(&grid, &plain.values) < TOLERANCE);
}

#[test]
fn a_missing_source_and_a_metric_with_equal_baselines_are_errors() {
    let (model, expected) = random_model("prefixed-f32");
    let batch_of = |pairs| Batch::new(pairs, None, &model.config).unwrap();
    let batch = batch_of(expected.batch.pairs());
    let runs = run_pairs(&model, &batch);
    let kind = MetricKind::NormalizedLogitDiff;
    let sweep = |runs: &Runs, src| {
        pollster::block_on(get_act_patch_direct_path(
            runs,
            &metric(kind, runs),
            src,
            Component::Q,
            SweepOptions::default(),
            |_: Update<'_>| Ok(()),
        ))
    };
    let error = sweep(&runs, Head { layer: 2, head: 0 }).unwrap_err();
    assert_eq!(error.code, Code::Source);
    assert_eq!(
        error.to_string(),
        "source head: expected layer 0 to 1 and head 0 to 1, got 2.0"
    );

    let mut pairs = expected.batch.pairs();
    pairs.iter_mut().for_each(|p| p.corrupted = p.clean.clone());
    let equal = batch_of(pairs);
    let runs = run_pairs(&model, &equal);
    let error = sweep(&runs, Head { layer: 0, head: 0 }).unwrap_err();
    assert_eq!(error.code, Code::Metric);
}
