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
            layers: vec![None; model.blocks.len()],
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
