//! `ioi-demo`: induction and indirect objects. With MLPs fixed at zero the model learns a textbook induction circuit; with
//! free MLPs it learns the same data without one.

pub mod data;
pub mod measure;
mod readme;
mod words;

use std::{error::Error, path::Path};

use pathpatch::gpt2::Config;

use crate::{
    export,
    model::Mlps,
    train::{Recipe, train},
};
use data::{SHARE_PAIRS, Vocabulary};

const RECIPE: Recipe = Recipe {
    seed: 1,
    steps: 4000,
    batch: 64,
    learning_rate: 1e-3,
    weight_decay: 0.01,
    warm_up: 100,
    mlps: Mlps::Zero,
};

fn config(vocabulary: &Vocabulary) -> Config {
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

/// See [`Demo::make`](crate::Demo::make).
pub fn make(directory: &Path, seed: Option<u64>) -> Result<(), Box<dyn Error>> {
    let recipe = RECIPE.with_seed(seed);
    let vocabulary = Vocabulary::default();
    let config = config(&vocabulary);
    let (model, loss) = train(&recipe, &config, |rng| {
        vocabulary.examples(recipe.batch, SHARE_PAIRS, rng)
    });
    let loaded = export::write(directory, &vocabulary.words, &config, &model)?;
    let measured = measure::measure(&loaded)?;
    let text = readme::readme(&recipe, &config, loss, &measured)?;
    export::write_readme(directory, &text)
}
