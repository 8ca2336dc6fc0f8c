//! For the browser: assembles the fused tile, and lets the module take it into its function table.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    const TILE: &str = "fused_tile.wat";
    println!("cargo::rerun-if-changed={TILE}");
    if env::var("CARGO_CFG_TARGET_FAMILY")? == "wasm" {
        let module = wat::parse_file(TILE)?;
        fs::write(
            Path::new(&env::var("OUT_DIR")?).join("fused_tile.wasm"),
            module,
        )?;
        println!("cargo::rustc-link-arg-cdylib=--growable-table");
    }
    Ok(())
}
