//! The gallery's saved results, which the page shows before any model is loaded: made by the page's own engine and code,
//! in Chromium.

use anyhow::Result;

use crate::{browsers, demos, run::run_with, setup, wasm};

const MAKER: &str = "tools/gallery/make.mjs";
/// Where the site has it.
pub const GALLERY: &str = "www/gallery";
/// GPT-2 small, as a link names it.
const GPT2: &str = "openai-community/gpt2";

/// The bundled models' results, into the site's own gallery.
pub fn bundled() -> Result<()> {
    make(
        GALLERY,
        &demos::NAMES.map(|name| (name, format!("www/models/{name}"))),
    )
}

/// GPT-2 small's results, from a directory with its files.
pub fn gpt2(directory: &str, out: &str) -> Result<()> {
    make(out, &[(GPT2, directory.to_string())])?;
    println!(
        "{out} has GPT-2's results; in {GALLERY}, the next `cargo xtask build` offers them on the page"
    );
    Ok(())
}

/// Results of models, by the names that links have for them, from their directories.
fn make(out: &str, models: &[(&str, String)]) -> Result<()> {
    setup::npm_packages()?;
    wasm::build()?;
    let chromium = [("CHROMIUM", browsers::chromium()?)];
    let named = models
        .iter()
        .map(|(name, directory)| format!("{name}={directory}"));
    let arguments: Vec<String> = [MAKER, out]
        .map(String::from)
        .into_iter()
        .chain(named)
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run_with("node", &arguments, &chromium)
}
