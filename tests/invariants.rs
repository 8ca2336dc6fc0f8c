//! What must hold whatever the weights: on the random models, to 1e-5 absolute where runs are compared.

use pathpatch::{
    error::{Code, Error},
    metric::MetricKind,
    patching::{
        Component, Head, Runs, SweepOptions, Update, all_heads, get_act_patch_direct_path,
        get_act_patch_direct_path_all_sources,
    },
    prompt::Batch,
};

use crate::common::{
    RANDOM_MODELS, batch, max_difference, metric, random_model, sweep_all, sweep_all_within,
};

const TOLERANCE: f32 = 1e-5;

#[test]
fn equal_prompts_give_the_baseline_everywhere() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let mut pairs = expected.batch.pairs();
        pairs.iter_mut().for_each(|p| p.corrupted = p.clean.clone());
        let batch = Batch::new(pairs, None, &model.config).unwrap();
        let runs = Runs::new(&model, &batch);
        let metric = metric(MetricKind::LogitDiff, &runs, &batch);
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
    let runs = Runs::new(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs, &batch);
    let grid = sweep_all(&runs, &metric, Component::K);
    let baseline = vec![grid.corrupted_metric; grid.values.len()];
    assert!(max_difference(&grid, &baseline) < TOLERANCE);
}

#[test]
fn one_source_equals_its_part_of_all_sources() {
    for name in RANDOM_MODELS {
        let (model, expected) = random_model(name);
        let batch = batch(&model, &expected);
        let runs = Runs::new(&model, &batch);
        let metric = metric(MetricKind::Kl, &runs, &batch);
        let all = sweep_all(&runs, &metric, Component::Q);
        let n = model.config.n_layers * model.config.n_heads;
        for (i, src) in all_heads(&model.config).into_iter().enumerate() {
            let one = pollster::block_on(get_act_patch_direct_path(
                &runs,
                &metric,
                src,
                Component::Q,
                SweepOptions::default(),
                async |_: Update<'_>| Ok(()),
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
        let runs = Runs::new(&model, &batch);
        let metric = metric(MetricKind::LogProb, &runs, &batch);
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
        let runs = Runs::new(&model, &batch);
        let metric = metric(MetricKind::Prob, &runs, &batch);
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
    let runs = Runs::new(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs, &batch);
    let grid = sweep_all(&runs, &metric, Component::Q);
    let heads = all_heads(&model.config);
    let edges = heads.iter().flat_map(|s| heads.iter().map(move |d| (s, d)));
    for ((src, dst), (mask, value)) in edges.zip(grid.mask.iter().zip(&grid.values)) {
        assert_eq!(*mask == 1, dst.layer > src.layer);
        assert_eq!(value.is_finite(), *mask == 1);
    }
}

#[test]
fn progress_counts_every_edge_and_an_error_from_it_stops_the_sweep() {
    let (model, expected) = random_model("untied-bf16");
    let batch = batch(&model, &expected);
    let runs = Runs::new(&model, &batch);
    let metric = metric(MetricKind::LogitDiff, &runs, &batch);
    let options = SweepOptions {
        memory_budget: Some(0),
        ..Default::default()
    };
    let mut seen = Vec::new();
    let record = async |u: Update<'_>| {
        let p = u.progress;
        seen.push(p.done);
        assert_eq!(p.total, 4 * 3 / 2 * 2 * 2);
        Ok(())
    };
    let all = get_act_patch_direct_path_all_sources(&runs, &metric, Component::Q, options, record);
    pollster::block_on(all).unwrap();
    assert_eq!(seen, (0..=24).collect::<Vec<_>>());

    let mut calls = 0;
    let cancel = async |u: Update<'_>| {
        let p = u.progress;
        calls += 1;
        match p.done {
            5.. => Err(Error::new(Code::Cancelled, "sweep", "to finish", "a stop")),
            _ => Ok(()),
        }
    };
    let all = get_act_patch_direct_path_all_sources(&runs, &metric, Component::Q, options, cancel);
    assert_eq!(pollster::block_on(all).unwrap_err().code, Code::Cancelled);
    assert_eq!(calls, 6);
}

#[test]
fn a_source_that_is_not_there_and_a_metric_without_range_are_errors() {
    let (model, expected) = random_model("prefixed-f32");
    let batch_of = |pairs| Batch::new(pairs, None, &model.config).unwrap();
    let batch = batch_of(expected.batch.pairs());
    let runs = Runs::new(&model, &batch);
    let kind = MetricKind::NormalizedLogitDiff;
    let sweep = |runs: &Runs, batch: &Batch, src| {
        pollster::block_on(get_act_patch_direct_path(
            runs,
            &metric(kind, runs, batch),
            src,
            Component::Q,
            SweepOptions::default(),
            async |_: Update<'_>| Ok(()),
        ))
    };
    let error = sweep(&runs, &batch, Head { layer: 2, head: 0 }).unwrap_err();
    assert_eq!(error.code, Code::Source);
    assert_eq!(
        error.to_string(),
        "source head: expected layer 0 to 1 and head 0 to 1, got 2.0"
    );

    let mut pairs = expected.batch.pairs();
    pairs.iter_mut().for_each(|p| p.corrupted = p.clean.clone());
    let equal = batch_of(pairs);
    let runs = Runs::new(&model, &equal);
    let error = sweep(&runs, &equal, Head { layer: 0, head: 0 }).unwrap_err();
    assert_eq!(error.code, Code::Metric);
}
