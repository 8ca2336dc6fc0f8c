//! Trains the bundled model: `cargo xtask train-demo`.

use std::{error::Error, path::Path};

use train_demo::{
    data::Vocabulary,
    export,
    train::{RECIPE, Recipe, config, train},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments
        .next()
        .ok_or("expected: train-demo DIRECTORY [SEED]")?;
    let seed = arguments.next().map(|s| s.parse()).transpose()?;
    let recipe = Recipe {
        seed: seed.unwrap_or(RECIPE.seed),
        ..RECIPE
    };
    let vocabulary = Vocabulary::new();
    let config = config(&vocabulary);
    let (model, loss) = train(&recipe, &vocabulary, &config);
    export::write(
        Path::new(&directory),
        &recipe,
        &vocabulary,
        &config,
        &model,
        loss,
    )
}
