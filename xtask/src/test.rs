//! Every check, the quick ones first.

use std::thread;

use anyhow::{Result, anyhow};

use crate::{
    bench::checkpoint::random_gpt2,
    browsers, fuzz,
    run::{cargo, npm_script, npm_script_with},
    setup, site, wasm,
};

const WITHOUT_WEBGPU: [&str; 1] = ["--no-default-features"];
/// How long hostile inputs are tried here; `cargo xtask fuzz` runs for as long as you like.
const FUZZ_SECONDS: f64 = 12.0;

/// Run all of them; the first failure ends the run.
pub fn all() -> Result<()> {
    setup::wasm_target()?;
    setup::npm_packages()?;
    let browsers = browsers::all()?;

    npm_script("circles", &[])?;
    cargo(&["fmt", "--all", "--check"])?;
    let deny = ["--", "--deny", "warnings"];
    // One package at a time: together they would share features, and Burn would be built twice. Natively
    // without WebGPU, which is half of what there is to compile; the wasm module is built with it.
    for package in [
        "xtask",
        "pathpatch-kernels",
        "pathpatch",
        "pathpatch-fuzz",
        "train-demo",
    ] {
        let lint = ["clippy", "--locked", "--package", package, "--all-targets"];
        cargo(&[&lint[..], &WITHOUT_WEBGPU, &deny].concat())?;
    }
    for package in ["pathpatch-kernels", "pathpatch"] {
        cargo(
            &[
                &["test", "--locked", "--package", package][..],
                &WITHOUT_WEBGPU,
            ]
            .concat(),
        )?;
    }
    fuzz::all(FUZZ_SECONDS, 0)?;

    wasm::build()?;
    // wasm-opt has one thread and minutes of work for it.
    thread::scope(|scope| {
        let shrinking = scope.spawn(wasm::shrink);
        wasm::lint()?;
        let panicked = |_| anyhow!("the thread that ran wasm-opt has panicked");
        shrinking.join().map_err(panicked)?
    })?;
    npm_script("check", &[])?;
    npm_script("test", &[])?;
    site::bundle()?;
    // The browser loads a checkpoint of GPT-2 small's size.
    random_gpt2(12)?;
    npm_script_with("test:browser", &[], &browsers)
}
