//! The bundled models: their names, and how they are trained anew.

use anyhow::Result;

use crate::run::cargo;

/// Their directories' names.
pub const NAMES: [&str; 2] = ["ioi-demo", "years-demo"];

/// Train one bundled model, or each.
pub fn train(name: Option<&str>) -> Result<()> {
    let trainer = ["run", "--release", "--package", "train-demo", "--"];
    for demo in NAMES
        .into_iter()
        .filter(|demo| name.is_none_or(|n| n == *demo))
    {
        cargo(&[&trainer[..], &[demo, &format!("www/models/{demo}")]].concat())?;
    }
    Ok(())
}
