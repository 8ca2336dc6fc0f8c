//! The training loop: AdamW on the cross-entropy to given distributions. On one machine, the same seed gives the same
//! weights.

use std::time::Instant;

use burn::{
    grad_clipping::GradientClippingConfig,
    module::Module,
    optim::{AdamWConfig, GradientsParams},
    tensor::{Device, Int, Tensor, TensorData, activation::log_softmax},
};
use pathpatch::gpt2::Config;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::model::{Learned, Mlps};

/// Number of steps that a reported loss is averaged over.
const REPORTED: usize = 100;

/// How a model is trained; its README states it.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    pub seed: u64,
    pub steps: usize,
    /// Sequences per step.
    pub batch: usize,
    pub learning_rate: f64,
    pub weight_decay: f32,
    /// Number of steps in which the learning rate grows from zero.
    pub warm_up: usize,
    pub mlps: Mlps,
}

impl Recipe {
    /// The same with another seed, if one is given.
    pub fn with_seed(self, seed: Option<u64>) -> Self {
        Self {
            seed: seed.unwrap_or(self.seed),
            ..self
        }
    }

    /// A description for a README.
    pub fn in_words(&self) -> String {
        format!(
            "{} steps of {} sequences, seed {}, AdamW (learning rate {} with {} steps of warm-up and a \
             cosine to zero, weight decay {}, gradient norm at most 1), on the CPU with Burn.",
            self.steps, self.batch, self.seed, self.learning_rate, self.warm_up, self.weight_decay,
        )
    }
}

/// A sequence to learn from.
pub struct Example {
    pub ids: Vec<u32>,
    /// What to predict in it.
    pub targets: Vec<Target>,
}

/// What the model should predict after a position.
pub struct Target {
    /// The position.
    pub at: usize,
    /// Weighted tokens: the loss is their cross-entropy, the sum of `-weight * ln p(token)`.
    pub tokens: Vec<(u32, f32)>,
}

/// Train from scratch. `examples` gives the sequences of each step, and the loss is the sum over all targets. Returns the
/// model and the mean loss of the last 100 steps, in nats.
pub fn train(
    recipe: &Recipe,
    config: &Config,
    mut examples: impl FnMut(&mut ChaCha8Rng) -> Vec<Example>,
) -> (Learned, f32) {
    let device = Device::flex().autodiff();
    device.seed(recipe.seed);
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    let mut model = Learned::new(config, recipe.mlps, &device);
    let mut optimizer = AdamWConfig::new()
        .with_weight_decay(recipe.weight_decay)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();
    let mut losses = Vec::new();
    let start = Instant::now();
    for step in 1..=recipe.steps {
        let batch = Batch::new(&examples(&mut rng), config, &device);
        let logits = model.logits(config, &batch.tokens, batch.rows);
        let loss = -(log_softmax(logits, 1) * batch.targets).sum();
        losses.push(loss.clone().into_scalar::<f32>());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(learning_rate(recipe, step), model, gradients);
        if step % REPORTED == 0 {
            let loss = recent(&losses);
            println!("step {step}: loss {loss:.4}, {:.0?}", start.elapsed());
        }
    }
    (model.valid(), recent(&losses))
}

/// Mean of the last losses.
fn recent(losses: &[f32]) -> f32 {
    let last = &losses[losses.len().saturating_sub(REPORTED)..];
    last.iter().sum::<f32>() / last.len() as f32
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
    /// The targets' rows of `batch * pos`, `[n]`.
    rows: Tensor<1, Int>,
    /// The targets' weights, `[n, d_vocab]`.
    targets: Tensor<2>,
}

impl Batch {
    fn new(examples: &[Example], config: &Config, device: &Device) -> Self {
        let pos = examples.iter().map(|e| e.ids.len()).max().unwrap_or(0);
        let (mut tokens, mut rows, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (i, example) in examples.iter().enumerate() {
            let padding = std::iter::repeat_n(0, pos - example.ids.len());
            tokens.push(example.ids.iter().copied().chain(padding).collect());
            for target in &example.targets {
                rows.push((i * pos + target.at) as i32);
                let mut row = vec![0.0; config.d_vocab];
                for (token, weight) in &target.tokens {
                    row[*token as usize] = *weight;
                }
                weights.extend(row);
            }
        }
        let n = rows.len();
        Self {
            tokens,
            rows: Tensor::from_data(TensorData::new(rows, [n]), device),
            targets: Tensor::from_data(TensorData::new(weights, [n, config.d_vocab]), device),
        }
    }
}
