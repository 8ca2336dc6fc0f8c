//! `years-demo`: greater-than over two-digit years. With free MLPs the model learns a small copy of the circuit that
//! Hanna et al. (2023) describe in GPT-2 small: heads move the year to the end, MLPs compare.

pub mod data;
pub mod measure;
mod readme;

use std::{error::Error, path::Path};

use pathpatch::gpt2::Config;

use crate::{
    export,
    model::Mlps,
    train::{Recipe, train},
};
use data::Vocabulary;

const RECIPE: Recipe = Recipe {
    seed: 1,
    steps: 2500,
    batch: 64,
    learning_rate: 1e-3,
    weight_decay: 0.01,
    warm_up: 100,
    mlps: Mlps::Learned,
};

const D_MODEL: usize = 64;

fn config(vocabulary: &Vocabulary) -> Config {
    Config {
        n_layers: 2,
        n_heads: 4,
        d_model: D_MODEL,
        d_head: D_MODEL / 4,
        d_mlp: 4 * D_MODEL,
        n_ctx: data::N_CTX,
        d_vocab: vocabulary.words.len(),
        bos_token_id: Some(0),
        ..Config::default()
    }
}

/// See [`Demo::make`](crate::Demo::make).
pub fn make(directory: &Path, seed: Option<u64>) -> Result<(), Box<dyn Error>> {
    let recipe = RECIPE.with_seed(seed);
    let vocabulary = Vocabulary::default();
    let config = config(&vocabulary);
    let (model, loss) = train(&recipe, &config, |rng| {
        vocabulary.examples(recipe.batch, rng)
    });
    let loaded = export::write(directory, &vocabulary.words, &config, &model)?;
    let measured = measure::measure(&loaded)?;
    let text = readme::readme(&recipe, &config, loss, &measured)?;
    export::write_readme(directory, &text)
}
