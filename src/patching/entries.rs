//! The way of a head's change into the MLP of its layer, as one product of small rank.
//!
//! ```text
//! resid_mid W_in = base W_in + delta_z (W_O W_in)
//! ```
//!
//! A change of z has `d_head` numbers where the residual stream has `d_model`: with `W_O W_in` of its head at hand, 64
//! columns of GPT-2 small are multiplied in place of 768. `W_in` is centred over `d_model`, so that what LayerNorm
//! subtracts gives nothing, and dividing by its scale can wait until after the product. To make `W_O W_in` of a layer takes
//! as long as `d_model` rows of an MLP, and as much memory as `W_in`; it is made where more rows than that enter, and kept
//! as long as the sweep.

use std::{cell::OnceCell, cmp::Reverse};

use burn::tensor::Tensor;

use super::{
    graph::Stage,
    plan::{Part, Plan, Reads},
};
use crate::{
    error::Result,
    gpt2::{Block, Gpt2, Steps},
    ops::on_cpu,
};

/// `W_O W_in` of some layers.
pub(super) struct Entries {
    /// `[n_heads * d_head, d_mlp]` once it has been wanted; `None` for a layer without.
    layers: Vec<Option<OnceCell<Tensor<2>>>>,
}

impl Entries {
    /// None at all.
    pub fn none(model: &Gpt2) -> Self {
        Self {
            layers: vec![None; model.layers.len()],
        }
    }

    /// Those of the layers for which they pay in a sweep, those first that are entered most, as far as the plan has
    /// memory to spare. None on a GPU, where a few large products take less time than many small ones.
    ///
    /// `entering` says how many variants enter at each of some stages.
    pub fn of_sweep(
        model: &Gpt2,
        plan: &Plan,
        reads: &Reads<'_>,
        entering: impl Iterator<Item = (Stage, usize)>,
    ) -> Self {
        let mut entries = Self::none(model);
        if !on_cpu(&model.device()) {
            return entries;
        }
        let config = &model.config;
        let rows_of_variant = |layer| {
            let rows = |part: &Part| match reads.positions {
                Some(_) if layer + 1 == config.n_layers => part.batch(),
                _ => part.batch().saturating_mul(part.rows()),
            };
            plan.parts.iter().map(rows).sum::<usize>()
        };
        let mut rows = vec![0_usize; config.n_layers];
        let entering = entering.filter(|(stage, _)| !stage.is_mid());
        for (layer, variants) in entering.map(|(stage, n)| (stage.layer(), n)) {
            if let Some(rows) = rows.get_mut(layer) {
                *rows += variants.saturating_mul(rows_of_variant(layer));
            }
        }
        let pays = |layer: usize| {
            let d_model = config.d_model as f64;
            let saved = rows[layer] as f64 * (1.0 - config.d_head as f64 / d_model);
            // The base run's rows are multiplied too.
            saved > d_model + rows_of_variant(layer) as f64
        };
        let mut layers: Vec<usize> = (0..config.n_layers).filter(|l| pays(*l)).collect();
        layers.sort_by_key(|layer| Reverse(rows[*layer]));
        let each = config.d_model * config.d_mlp * size_of::<f32>();
        for layer in layers.into_iter().take(plan.spare / each) {
            entries.layers[layer] = Some(OnceCell::new());
        }
        entries
    }

    /// Those of some layers.
    pub fn of_layers(model: &Gpt2, layers: &[usize]) -> Self {
        let mut entries = Self::none(model);
        for layer in layers {
            entries.layers[*layer] = Some(OnceCell::new());
        }
        entries
    }

    /// The layers that have one.
    pub fn layers(&self) -> Vec<usize> {
        (0..self.layers.len()).filter(|l| self.has(*l)).collect()
    }

    /// Whether a layer has one.
    pub fn has(&self, layer: usize) -> bool {
        self.layers[layer].is_some()
    }

    /// That of a layer, made now if it has not been, `[n_heads * d_head, d_mlp]`.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn of(
        &self,
        layer: usize,
        block: &Block,
        steps: Steps<'_>,
    ) -> Result<Option<Tensor<2>>> {
        let Some(cell) = &self.layers[layer] else {
            return Ok(None);
        };
        if let Some(made) = cell.get() {
            return Ok(Some(made.clone()));
        }
        let by_w_in = |x| block.product.matmul(x, &block.w_in);
        let made = steps.by_rows(block.w_o.clone(), by_w_in).await?;
        Ok(Some(cell.get_or_init(|| made).clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::{
        checkpoint,
        gpt2::Config,
        metric::MetricKind,
        ops::Activation,
        patching::{Memory, Runs},
        pause::NoPause,
        prompt::{Batch, PromptPair},
    };

    fn model() -> Gpt2 {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/eap-ig/model");
        let config = Config::from_json(&fs::read(path.join("config.json")).unwrap()).unwrap();
        let weights = fs::read(path.join("model.safetensors")).unwrap();
        checkpoint::load(config, &weights, &Device::flex()).unwrap()
    }

    /// Layers with a short way in, where so many edges enter each: in ordinary memory, then in none.
    fn layers(model: &Gpt2, edges: usize) -> [Vec<bool>; 2] {
        let pair = PromptPair {
            clean: vec![3, 14, 15, 92, 65, 35],
            corrupted: vec![3, 14, 16, 92, 65, 35],
            answers: vec![7],
            distractors: vec![90],
        };
        let batch = Batch::new(vec![pair], None, &model.config).unwrap();
        let none = Memory { runs: 0, step: 0 };
        [Memory::of(&model.device()), none].map(|memory| {
            let runs = Runs::new(model, &batch, &NoPause).within(memory);
            let metric = pollster::block_on(runs.metric(MetricKind::LogitDiff)).unwrap();
            let plan = runs.plan(&metric, None).unwrap();
            let reads = Reads::of(&metric, &batch, &model.config).unwrap();
            let layers = 0..model.config.n_layers;
            let stages = layers.clone().map(|layer| (Stage::pre(layer), edges));
            // MLPs and the logits have no such way.
            let others = layers.clone().map(|layer| (Stage::mid(layer), 1_000_000));
            let logits = (Stage::pre(model.config.n_layers), 1_000_000);
            let entering = stages.chain(others).chain([logits]);
            let entries = Entries::of_sweep(model, &plan, &reads, entering);
            layers.map(|layer| entries.has(layer)).collect()
        })
    }

    #[test]
    fn a_layer_has_one_where_more_rows_enter_than_it_takes() {
        let model = model();
        let n = model.config.n_layers;
        assert_eq!(layers(&model, 1), [vec![false; n], vec![false; n]]);
        assert_eq!(layers(&model, 10_000), [vec![true; n], vec![false; n]]);
        // In the last layer an edge has one row where it has four in the others.
        let d_model = model.config.d_model as f64;
        let saved = 1.0 - model.config.d_head as f64 / d_model;
        let just_enough = ((d_model + 4.0) / saved / 4.0).floor() as usize + 1;
        let [some, _] = layers(&model, just_enough);
        assert_eq!(some, [vec![true; n - 1], vec![false]].concat());
        let [some, _] = layers(&model, just_enough - 1);
        assert_eq!(some, vec![false; n]);
    }

    /// For every activation, to 1e-5.
    #[test]
    fn an_mlp_of_a_sum_is_that_of_its_summands_products() {
        let model = model();
        let config = &model.config;
        let (d_model, d_head) = (config.d_model, config.d_head);
        let random = |rows, width| {
            let normal = Distribution::Normal(0.0, 1.0);
            let x = Tensor::<2>::random([rows, width], normal, &model.device());
            x.clone() - x.mean_dim(1)
        };
        let entries = Entries {
            layers: vec![Some(OnceCell::new()); config.n_layers],
        };
        let steps = Steps {
            rows: 5,
            pause: &NoPause,
        };
        for (_, activation) in Activation::NAMES {
            let block = pollster::block_on(model.layers.block(1)).unwrap();
            let mut block = (*block).clone();
            block.activation = activation;
            let w = pollster::block_on(entries.of(1, &block, steps))
                .unwrap()
                .unwrap();
            // Three rows that all share, and changes by two heads: of two variants, then of one.
            let base = random(3, d_model);
            let parts = [(random(6, d_head), 0), (random(3, d_head), d_head)];
            let through = |w: &Tensor<2>| {
                let by_w = |(z, first): &(Tensor<2>, usize)| {
                    z.clone().matmul(w.clone().narrow(0, *first, d_head))
                };
                parts.iter().map(by_w).collect::<Vec<_>>()
            };
            let resid = base.clone().repeat(&[3, 1]) + Tensor::cat(through(&block.w_o), 0);
            let shared = base.matmul(block.w_in.clone());
            let sum = block.add_mlp_of_sum(resid.clone(), &through(&w), &shared);
            let difference = (sum - block.add_mlp(resid)).abs().max();
            let difference = difference.into_scalar::<f32>();
            assert!(difference < 1e-5, "{activation:?}: {difference}");
        }
    }
}
