//! The wasm module: cargo, then wasm-bindgen, then for the site wasm-opt.

use std::{fs, io::Write};

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    run::{cargo, run},
    setup,
};

/// The crate of the browser's module, as cargo's arguments.
const CRATE: [&str; 6] = [
    "--package=pathpatch-web",
    "--lib",
    "--target",
    "wasm32-unknown-unknown",
    "--profile",
    "wasm",
];
/// What cargo makes of it.
const WASM: &str = "target/wasm32-unknown-unknown/wasm/pathpatch_web.wasm";
/// Where the front end imports the module from.
const PACKAGE: &str = "www/src/wasm";
const MODULE: &str = "www/src/wasm/engine_bg.wasm";
/// Gzipped, the tokenizer included.
const MAX_GZIPPED: usize = 3_400_000;

/// Build for the site, and fail if it has outgrown its limit.
pub fn build_site() -> Result<()> {
    build()?;
    shrink()
}

/// Shrink what was built, and fail if it has outgrown its limit.
pub fn shrink() -> Result<()> {
    optimize()?;
    let bytes = fs::read(MODULE)?;
    let gzipped = gzipped_len(&bytes)?;
    println!(
        "wasm: {:.2} MB, {:.2} MB gzipped (at most {:.1})",
        megabytes(bytes.len()),
        megabytes(gzipped),
        megabytes(MAX_GZIPPED)
    );
    if gzipped > MAX_GZIPPED {
        bail!("the wasm module is {gzipped} bytes gzipped, more than {MAX_GZIPPED}");
    }
    Ok(())
}

/// Build and bind, without shrinking, which takes minutes.
pub fn build() -> Result<()> {
    setup::wasm_target()?;
    cargo(&[&["build", "--locked"], &CRATE[..]].concat())?;
    check_exports()?;
    Bindgen::new()
        .input_path(WASM)
        .web(true)?
        .typescript(true)
        .out_name("engine")
        .generate(PACKAGE)
        .with_context(|| format!("wasm-bindgen on {WASM}"))
}

/// Fail if the linker makes every export run the constructors: see `start` in `web`.
fn check_exports() -> Result<()> {
    const WRAPPED: &[u8] = b".command_export";
    let module = fs::read(WASM)?;
    if module.windows(WRAPPED.len()).any(|bytes| bytes == WRAPPED) {
        bail!("every export of {WASM} runs the module's constructors anew");
    }
    Ok(())
}

/// Lint the code that only wasm compiles.
pub fn lint() -> Result<()> {
    let deny = ["--", "--deny", "warnings"];
    cargo(&[&["clippy", "--locked"], &CRATE[..], &deny].concat())
}

/// Shrink in place. The enabled features are the target's, and those that every browser with WebGPU has.
fn optimize() -> Result<()> {
    setup::npm_packages()?;
    let wasm_opt = "node_modules/binaryen/bin/wasm-opt";
    let features = [
        "--enable-simd",
        "--enable-bulk-memory",
        "--enable-nontrapping-float-to-int",
        "--enable-sign-ext",
        "--enable-mutable-globals",
        "--enable-reference-types",
        "--enable-multivalue",
    ];
    let files = [MODULE, "-o", MODULE];
    let passes = [
        "-Oz",
        "--strip-debug",
        "--strip-producers",
        "--strip-target-features",
    ];
    run(
        "node",
        &[&[wasm_opt][..], &files, &passes, &features].concat(),
    )
}

/// Length after `gzip -9`.
pub fn gzipped_len(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
