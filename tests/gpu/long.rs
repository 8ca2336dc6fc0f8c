//! A long prompt of which only the end differs: what comes before is read where it is, by every edge.

use burn::tensor::Device;
use pathpatch::{
    device::WeightType,
    gpt2::Gpt2,
    metric::MetricKind,
    patching::{
        Component, Grid, Runs, SweepOptions, Update, get_act_patch_direct_path_all_sources,
    },
    pause::NoPause,
    prompt::{Batch, PromptPair},
    rate::choose_product,
};
use pollster::block_on;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    gpu,
    random::{Size, random_model},
};

const TOKENS: usize = 1000;
/// Tokens at the end that differ.
const DIFFERENT: usize = 5;
const VOCABULARY: usize = 100;
const TOLERANCE: f32 = 1e-3;

fn pair(seed: u64) -> PromptPair {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut token = |_| random.random_range(0..VOCABULARY as u32);
    let clean: Vec<u32> = (0..TOKENS).map(&mut token).collect();
    let mut corrupted = clean.clone();
    for id in &mut corrupted[TOKENS - DIFFERENT..] {
        *id = (*id + 1) % VOCABULARY as u32;
    }
    PromptPair {
        clean,
        corrupted,
        answers: vec![3],
        distractors: vec![5],
    }
}

fn sweep(model: &Gpt2, component: Component) -> Grid {
    let batch = Batch::new(vec![pair(1), pair(2)], None, &model.config).unwrap();
    let runs = Runs::new(model, &batch, &NoPause);
    let metric = block_on(runs.metric(MetricKind::LogitDiff)).unwrap();
    let options = SweepOptions {
        estimates: true,
        ..SweepOptions::default()
    };
    let ignore = |_: Update<'_>| Ok(());
    let sweep = get_act_patch_direct_path_all_sources(&runs, &metric, component, options, ignore);
    block_on(sweep).unwrap()
}

#[test]
fn a_thousand_tokens_that_differ_in_the_last_five() {
    let (device, _one) = gpu();
    // Keys of their own for each of the 128 edges into the last layer would take 262 MB for the two prompts: twice what a
    // binding holds by default.
    let size = Size {
        layers: 3,
        heads: 8,
        d_model: 256,
        positions: 1024,
        vocabulary: VOCABULARY,
    };
    let mut on_gpu = random_model(&size, &device);
    let (product, _) = block_on(choose_product(&device, &on_gpu.config, WeightType::F32)).unwrap();
    on_gpu.multiply_with(product);
    let on_cpu = random_model(&size, &Device::flex());
    for component in Component::ALL {
        let grids = [&on_gpu, &on_cpu].map(|model| sweep(model, component));
        let values = grids[0].values.iter().zip(&grids[1].values);
        let (mut largest, mut worst) = (0.0_f32, 0.0_f32);
        for (a, b) in values.filter(|(a, _)| !a.is_nan()) {
            assert!((a - b).abs() < TOLERANCE, "{a} on the GPU, {b} on the CPU");
            largest = largest.max((b - grids[1].corrupted_metric).abs());
            worst = worst.max((a - b).abs());
        }
        println!("{component:?}: largest effect {largest}, largest difference {worst}");
        assert!(
            worst < largest / 100.0,
            "{worst} where {largest} is largest"
        );
    }
}
