//! The training of the bundled model. The same seed gives the same weights on one machine.

use std::time::Instant;

use burn::{
    grad_clipping::GradientClippingConfig,
    module::Module,
    optim::{AdamWConfig, GradientsParams},
    tensor::{Device, Int, Tensor, TensorData, activation::log_softmax},
};
use pathpatch::gpt2::Config;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    data::{self, Example, Vocabulary},
    model::AttentionOnly,
};

/// How the model was trained; the README states it.
pub struct Recipe {
    pub seed: u64,
    pub steps: usize,
    pub batch: usize,
    pub learning_rate: f64,
    pub weight_decay: f32,
    pub warm_up: usize,
    /// Share of sequences of pairs in a batch; the rest is IOI.
    pub share_pairs: f64,
}

/// The bundled model's.
pub const RECIPE: Recipe = Recipe {
    seed: 1,
    steps: 4000,
    batch: 64,
    learning_rate: 1e-3,
    weight_decay: 0.01,
    warm_up: 100,
    share_pairs: 0.6,
};

/// Its shape.
pub fn config(vocabulary: &Vocabulary) -> Config {
    Config {
        n_layers: 3,
        n_heads: 4,
        d_model: 128,
        d_head: 32,
        d_mlp: 4,
        n_ctx: data::N_CTX,
        d_vocab: vocabulary.words.len(),
        bos_token_id: Some(0),
        ..Config::default()
    }
}

/// Train from scratch; returns the model and the mean loss of the last 100 steps, in nats.
pub fn train(recipe: &Recipe, vocabulary: &Vocabulary, config: &Config) -> (AttentionOnly, f32) {
    let device = Device::flex().autodiff();
    device.seed(recipe.seed);
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    let mut model = AttentionOnly::new(config, &device);
    let mut optimizer = AdamWConfig::new()
        .with_weight_decay(recipe.weight_decay)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();
    let mut recent = Vec::new();
    let start = Instant::now();
    for step in 1..=recipe.steps {
        let batch = Batch::sample(recipe, vocabulary, &mut rng, &device);
        let logits = model.logits(config, &batch.tokens, batch.rows);
        let loss = -log_softmax(logits, 1).gather(1, batch.targets).mean();
        recent.push(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(learning_rate(recipe, step), model, gradients);
        if step % 100 == 0 {
            let mean = mean(&recent[step - 100..]);
            println!("step {step}: loss {mean:.4}, {:.0?}", start.elapsed());
        }
    }
    let loss = mean(&recent[recent.len().saturating_sub(100)..]);
    (model.valid(), loss)
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}

/// Linear warm-up, then a cosine to zero.
fn learning_rate(recipe: &Recipe, step: usize) -> f64 {
    let warm_up = recipe.warm_up as f64;
    let step = step as f64;
    let cosine = (step - warm_up) / (recipe.steps as f64 - warm_up);
    let factor = if step < warm_up {
        step / warm_up
    } else {
        0.5 * (1.0 + (std::f64::consts::PI * cosine).cos())
    };
    recipe.learning_rate * factor
}

/// One step's sequences on the device.
struct Batch {
    /// `[batch][pos]`, padded on the right.
    tokens: Vec<Vec<u32>>,
    /// Rows of `batch * pos` whose next token is learned, `[n]`.
    rows: Tensor<1, Int>,
    /// Those tokens, `[n, 1]`.
    targets: Tensor<2, Int>,
}

impl Batch {
    fn sample(
        recipe: &Recipe,
        vocabulary: &Vocabulary,
        rng: &mut ChaCha8Rng,
        device: &Device,
    ) -> Self {
        let examples: Vec<Example> = (0..recipe.batch)
            .map(|_| {
                if rng.random_bool(recipe.share_pairs) {
                    vocabulary.pairs_example(rng)
                } else {
                    vocabulary.ioi_example(rng)
                }
            })
            .collect();
        let pos = examples.iter().map(|e| e.ids.len()).max().unwrap_or(0);
        let (mut tokens, mut rows, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (i, example) in examples.iter().enumerate() {
            let padding = std::iter::repeat_n(0, pos - example.ids.len());
            tokens.push(example.ids.iter().copied().chain(padding).collect());
            for at in &example.loss_at {
                rows.push((i * pos + at) as i32);
                targets.push(example.ids[at + 1] as i32);
            }
        }
        let n = rows.len();
        Self {
            tokens,
            rows: Tensor::from_data(TensorData::new(rows, [n]), device),
            targets: Tensor::from_data(TensorData::new(targets, [n, 1]), device),
        }
    }
}
