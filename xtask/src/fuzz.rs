//! Hostile inputs: the files that the engine reads, in Rust, and the links and saved results that the page reads.

use anyhow::Result;

use crate::{
    run::{WITHOUT_WEBGPU, cargo, run},
    setup,
};

/// The share of the time that links and saved results get.
const WEB_SHARE: f64 = 0.25;

/// Try inputs for about that many seconds; the same seed gives the same inputs.
pub fn all(seconds: f64, seed: u64) -> Result<()> {
    setup::npm_packages()?;
    let seed = seed.to_string();
    let [engine, web] = [1.0 - WEB_SHARE, WEB_SHARE].map(|share| (share * seconds).to_string());
    let program = [
        "run",
        "--locked",
        "--package",
        "pathpatch-fuzz",
        WITHOUT_WEBGPU,
        "--bin",
        "fuzz",
    ];
    let arguments = ["--", "--seconds", &engine, "--seed", &seed];
    cargo(&[&program[..], &arguments].concat())?;
    run("node", &["fuzz/web/run.mjs", &web, &seed])
}
