//! The sweep, measured: native, in a browser, and TransformerLens on the same work, in one run.

mod checkpoint;

use anyhow::Result;

pub fn all() -> Result<()> {
    let model = checkpoint::random_gpt2_small()?;
    let prompts = checkpoint::prompts(50257, 15, 10, 1)?;
    println!("{model} {prompts}");
    Ok(())
}
