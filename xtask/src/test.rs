//! Every check, the quick ones first.

use std::thread;

use anyhow::{Result, anyhow};

use crate::{
    bench::checkpoint::random_gpt2,
    browsers, circles, fuzz, python,
    run::{Variables, WITHOUT_WEBGPU, cargo, cargo_program, npm_script, npm_script_with, run_with},
    setup, site, vulkan, wasm,
};

/// The library, the command line and the trainer, of which the library's tests use parts.
const ENGINE: [&str; 3] = ["pathpatch", "pathpatch-cli", "train-demo"];
/// How long hostile inputs are tried here; `cargo xtask fuzz` runs for as long as you like.
const FUZZ_SECONDS: f64 = 12.0;

/// Run all of them; the first failure ends the run.
pub fn all() -> Result<()> {
    setup::wasm_target()?;
    setup::npm_packages()?;
    python::NOTEBOOKS.python()?;
    setup::poppler()?;
    let browsers = browsers::all()?;
    let adapter = vulkan::for_tests()?;

    circles::check()?;
    npm_script("circles", &[])?;
    cargo(&["fmt", "--all", "--check"])?;
    let deny = ["--", "--deny", "warnings"];
    // Packages that are built together share the features of their dependencies, and with other features Burn is built
    // again: so packages that need the same features are built together, and the others alone. All of these without WebGPU,
    // which is half of what there is to compile; the tests of the GPU's kernels and the wasm module are built with it.
    for packages in [
        &["xtask"][..],
        &["pathpatch-kernels"],
        &ENGINE,
        &["pathpatch-fuzz"],
    ] {
        let lint = ["clippy", "--locked", "--all-targets"];
        cargo(&[&lint[..], &[WITHOUT_WEBGPU], &named(packages), &deny].concat())?;
    }
    for packages in [&["xtask"][..], &["pathpatch-kernels"], &ENGINE] {
        cargo(&[&["test", "--locked", WITHOUT_WEBGPU][..], &named(packages)].concat())?;
    }
    fuzz::all(FUZZ_SECONDS, 0)?;

    wasm::build()?;
    // Beside the lints, since wasm-opt works on one thread for minutes.
    thread::scope(|scope| {
        let shrinking = scope.spawn(wasm::shrink);
        wasm::lint()?;
        let panicked = |_| anyhow!("the thread that ran wasm-opt has panicked");
        shrinking.join().map_err(panicked)?
    })?;
    npm_script("check", &[])?;
    npm_script("test", &[])?;
    kernels_for_gpus(adapter.as_slice())?;
    site::bundle()?;
    // For the browser tests: a checkpoint of GPT-2 small's size.
    random_gpt2(12)?;
    npm_script_with("test:browser", &[], &browsers)?;
    python::test(&browsers)
}

/// The GPU's kernels, natively. The browser tests run the same kernels as the browser's shaders.
fn kernels_for_gpus(adapter: &Variables) -> Result<()> {
    let which = ["--package", "pathpatch", "--test", "gpu"];
    run_with(
        &cargo_program(),
        &[&["test", "--locked"], &which[..]].concat(),
        adapter,
    )
}

/// Packages as cargo's arguments.
fn named<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    packages
        .iter()
        .flat_map(|package| ["--package", package])
        .collect()
}
