//! Memory besides the weights, and work between two pauses, for many prompts and for long ones. Neither grows with the
//! number of prompts, and both keep to the budgets of [`Memory`].
//!
//! This is a separate program that runs one computation at a time, since it counts what its process allocates.

mod count;
#[path = "../common/random.rs"]
mod random;

use burn::tensor::Device;
use count::{Taken, taken_by};
use pathpatch::{
    error::Code,
    gpt2::Gpt2,
    metric::MetricKind,
    patching::{
        Cell, Component, Direction, Edge, EdgeOptions, Graph, Head, LayerNorm, Memory, Patch,
        Receiver, Replacement, Runs, Scores, Sender, SweepOptions, Update, edge_detail,
        estimate_direct_path_all_sources, get_act_patch_direct_path, predictions, sweep_edges,
    },
    pause::NoPause,
    prompt::{Batch, PromptPair},
};
use pathpatch_kernels::{After, Kernel, Matrix, matmul};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use random::{Size, random_model};

const LAYERS: usize = 4;
const HEADS: usize = 4;
const D_MODEL: usize = 64;
const POSITIONS: usize = 4096;
/// GPT-2's context.
const LONG: usize = 1024;
const VOCABULARY: usize = 4000;
/// The runs of a prompt of 60 tokens take 384 kB.
const MEMORY: Memory = Memory {
    runs: 1 << 20,
    step: 128 << 10,
};

/// A GPT-2 with random weights.
fn model() -> Gpt2 {
    let size = Size {
        layers: LAYERS,
        heads: HEADS,
        d_model: D_MODEL,
        positions: POSITIONS,
        vocabulary: VOCABULARY,
    };
    random_model(&size, &Device::flex())
}

/// Edges of every class patched exactly, and two of them at each position too where that is asked for.
fn patch(model: &Gpt2, batch: &Batch, replacement: Replacement, by_position: bool) -> Taken {
    let names = [
        "input->a0.h2<v>",
        "input->a1.h0<k>",
        "a0.h1->m0",
        "m0->a2.h3<v>",
        "a0.h1->a3.h1<q>",
        "m1->m3",
        "m2->logits",
        "input->logits",
    ];
    let edges = names.map(|name| name.parse().unwrap());
    let options = EdgeOptions {
        patch: Patch {
            direction: Direction::Noise,
            replacement,
            layer_norm: LayerNorm::Exact,
        },
        strongest: Some(2),
        checked: if by_position { 0 } else { edges.len() - 2 },
        by_position,
        ..EdgeOptions::default()
    };
    let (result, taken) = taken_by(|pause| {
        pollster::block_on(async {
            let runs = Runs::new(model, batch, pause).within(MEMORY);
            let runs = runs.patching(Direction::Noise, replacement);
            let metric = runs.metric(MetricKind::LogitDiff).await?;
            sweep_edges(&runs, &metric, &edges, &options, |_| Ok(())).await
        })
    });
    let cells = result.unwrap().table.cells;
    let exact = cells.iter().filter(|c| matches!(c, Cell::Exact { .. }));
    assert_eq!(exact.count(), 2 + options.checked);
    taken
}

/// Pairs that differ in one token.
fn batch(model: &Gpt2, pairs: usize, tokens: usize, difference: usize) -> Batch {
    let mut rng = ChaCha8Rng::seed_from_u64(pairs as u64);
    let mut id = || rng.random_range(0..VOCABULARY as u32);
    let pairs = (0..pairs).map(|_| {
        let clean: Vec<u32> = (0..tokens).map(|_| id()).collect();
        let mut corrupted = clean.clone();
        corrupted[difference] = (clean[difference] + 1) % VOCABULARY as u32;
        PromptPair {
            clean,
            corrupted,
            answers: vec![id()],
            distractors: vec![id()],
        }
    });
    Batch::new(pairs.collect(), None, &model.config).unwrap()
}

/// Estimate all edges, then compute one head's edges exactly, as a session does.
fn explore(model: &Gpt2, batch: &Batch, kind: MetricKind) -> Taken {
    let (grid, taken) = taken_by(|pause| {
        pollster::block_on(async {
            let runs = Runs::new(model, batch, pause).within(MEMORY);
            let metric = runs.metric(kind).await?;
            estimate_direct_path_all_sources(&runs, &metric, LayerNorm::Exact).await?;
            let src = Head { layer: 0, head: 1 };
            let (component, ignore) = (Component::K, |_: Update<'_>| Ok(()));
            let options = SweepOptions {
                estimates: true,
                ..Default::default()
            };
            get_act_patch_direct_path(&runs, &metric, src, component, options, ignore).await
        })
    });
    let grid = grid.unwrap();
    assert_eq!(grid.exact, grid.mask);
    taken
}

/// Estimates of every edge of the graph, or by position of as many as may be asked for.
fn estimate(model: &Gpt2, batch: &Batch, scores: Scores, by_position: bool) -> Taken {
    let most = match by_position {
        true => MEMORY.runs / size_of::<f32>() / batch.len_pos(),
        false => usize::MAX,
    };
    let edges: Vec<Edge> = Graph::of(&model.config).edges().take(most).collect();
    let options = EdgeOptions {
        scores,
        by_position,
        ..Default::default()
    };
    let (result, taken) = taken_by(|pause| {
        pollster::block_on(async {
            let runs = Runs::new(model, batch, pause).within(MEMORY);
            let metric = runs.metric(MetricKind::LogitDiff).await?;
            sweep_edges(&runs, &metric, &edges, &options, |_| Ok(())).await
        })
    });
    let table = result.unwrap().table;
    let is_estimate = |edge: &Edge| matches!(table.cell(*edge), Cell::Estimate(_));
    assert!(edges.iter().all(is_estimate));
    taken
}

/// What both runs of many pairs say next.
fn predict(model: &Gpt2, batch: &Batch) -> Taken {
    let (told, taken) = taken_by(|pause| {
        let runs = Runs::new(model, batch, pause).within(MEMORY);
        let text = |_| String::new();
        pollster::block_on(predictions(&runs, MetricKind::Prob, 5, &text))
    });
    assert_eq!(told.unwrap().len(), batch.pairs().len());
    taken
}

/// A product large enough to be done in blocks.
fn multiply() {
    const N: usize = 256;
    let numbers = vec![1.0; N * N];
    let matrix = Matrix::whole(&numbers, N);
    let product = matmul(Kernel::GemmAlone, matrix, matrix, After::Nothing);
    assert_eq!(product[0], N as f32);
}

fn main() {
    // cargo asks every test program for a list of tests, or for tests with some name.
    let mut arguments = std::env::args().skip(1);
    if arguments.any(|a| a == "--list" || !(a.starts_with('-') || "memory".contains(&a))) {
        return;
    }
    let model = model();
    // First of all every thread, since each allocates a buffer for products once and keeps it: on a busy machine one of them
    // may come in late. Then a run, for what else is kept.
    rayon::broadcast(|_| multiply());
    explore(&model, &batch(&model, 1, 60, 20), MetricKind::LogitDiff);
    pollster::block_on(model.run_with_cache(&[vec![1; 60]], &NoPause)).unwrap();

    let budget = MEMORY.runs + 12 * MEMORY.step;
    for kind in [MetricKind::LogitDiff, MetricKind::Kl] {
        let [few, many] = [10, 100].map(|pairs| {
            let batch = batch(&model, pairs, 60, 20);
            explore(&model, &batch, kind)
        });
        println!("{kind:?}: 10 pairs {few:?}, 100 pairs {many:?}");
        for taken in [few, many] {
            assert!(taken.most <= budget, "{taken:?} within {budget} bytes");
            let step = 12 * MEMORY.step;
            assert!(taken.in_step <= step, "{taken:?}, {step} a step");
        }
        // With more prompts, only the tokens and the results grow.
        let pairs = 90 * (60 * 2 * 4 + 200 + 2 * D_MODEL * 4);
        assert!(
            many.most <= few.most + pairs + few.most / 10,
            "{few:?}, {many:?}"
        );
        assert!(
            many.in_step <= few.in_step + few.in_step / 4,
            "{few:?}, {many:?}"
        );
    }

    for scores in [Scores::Estimate, Scores::Eap, Scores::EapIg { steps: 2 }] {
        for by_position in [false, true] {
            let [few, many] = [10, 100].map(|pairs| {
                let batch = batch(&model, pairs, 60, 20);
                estimate(&model, &batch, scores, by_position)
            });
            println!("{scores:?}: 10 pairs {few:?}, 100 pairs {many:?}");
            for taken in [few, many] {
                assert!(taken.most <= budget, "{taken:?} within {budget} bytes");
                let step = 12 * MEMORY.step;
                assert!(taken.in_step <= step, "{taken:?}, {step} a step");
            }
            let short = estimate(&model, &batch(&model, 100, 14, 13), scores, by_position);
            println!("{scores:?}: 100 pairs of 14 tokens {short:?}");
            assert!(short.most <= budget, "{short:?} within {budget} bytes");
            let batch = batch(&model, 1, LONG, 1);
            let long = estimate(&model, &batch, scores, by_position);
            println!("{scores:?}: {LONG} tokens {long:?}");
            let runs = (4 * LAYERS + 13) * D_MODEL * LONG * size_of::<f32>();
            let budget = 2 * runs + 12 * MEMORY.step;
            assert!(long.most <= budget, "{long:?} within {budget} bytes");
            let step = runs + 12 * MEMORY.step;
            assert!(long.in_step <= step, "{long:?}, {step} a step");
        }
    }

    let tokens = LONG;
    let [half, long] = [tokens / 2, tokens].map(|tokens| {
        let batch = batch(&model, 1, tokens, 1);
        explore(&model, &batch, MetricKind::LogitDiff)
    });
    println!("{tokens} tokens: {long:?}");
    // At least one prompt's runs are in memory. Its attention scores for all queries, 4 MB a copy, never are.
    let runs = (3 * LAYERS + 13) * D_MODEL * tokens * size_of::<f32>();
    let budget = 2 * runs + 12 * MEMORY.step;
    assert!(long.most <= budget, "{long:?} within {budget} bytes");
    let step = runs + 12 * MEMORY.step;
    assert!(long.in_step <= step, "{long:?}, {step} a step");
    // The work of a step grows with the number of results: with the length, not with its square.
    for [half, long] in [[half.most, long.most], [half.in_step, long.in_step]] {
        assert!(
            4 * long <= 9 * half,
            "{half} bytes, {long} for twice the tokens"
        );
    }

    let batch = batch(&model, 1, POSITIONS, 1);
    let runs = Runs::new(&model, &batch, &NoPause).within(MEMORY);
    let metric = pollster::block_on(runs.metric(MetricKind::LogitDiff)).unwrap();
    let estimates = estimate_direct_path_all_sources(&runs, &metric, LayerNorm::Exact);
    let error = pollster::block_on(estimates).unwrap_err();
    assert_eq!(error.code, Code::PromptLength);
    assert!(error.to_string().contains("at most 2621 tokens"), "{error}");
    let [src, dst] = [0, 1].map(|layer| Head { layer, head: 0 });
    let edge = Edge {
        from: Sender::Head(src),
        to: Receiver::Head(dst, Component::K),
    };
    let detail = edge_detail(&runs, &metric, edge, LayerNorm::Frozen);
    let error = pollster::block_on(detail).unwrap_err();
    assert_eq!(error.code, Code::PromptLength);
    assert!(error.to_string().contains("at most 1024 tokens"), "{error}");
    patches_keep_to_the_budgets(&model);
    let many = predict(&model, &self::batch(&model, 200, 60, 20));
    println!("predictions: 200 pairs {many:?}");
    let step = 12 * MEMORY.step;
    assert!(many.most <= MEMORY.runs + step, "{many:?}");
    assert!(many.in_step <= step, "{many:?}, {step} a step");
    println!("memory and steps are bounded");
}

/// What patches take with each replacement, the means of all positions included.
fn patches_keep_to_the_budgets(model: &Gpt2) {
    let budget = MEMORY.runs + 12 * MEMORY.step;
    for replacement in [Replacement::Resample, Replacement::Mean, Replacement::Zero] {
        let [few, many] = [10, 100].map(|pairs| {
            let batch = batch(model, pairs, 60, 20);
            patch(model, &batch, replacement, false)
        });
        let batch = batch(model, 10, 60, 20);
        let at_positions = patch(model, &batch, replacement, true);
        println!(
            "{replacement:?}: 10 pairs {few:?}, 100 pairs {many:?}, by position {at_positions:?}"
        );
        for taken in [few, many, at_positions] {
            assert!(taken.most <= budget, "{taken:?} within {budget} bytes");
            let step = 12 * MEMORY.step;
            assert!(taken.in_step <= step, "{taken:?}, {step} a step");
        }
    }
}
