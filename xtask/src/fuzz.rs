//! Hostile inputs: the files that the engine reads, in Rust, and the links and saved results that the page reads.

use anyhow::Result;

use crate::run::cargo;

/// Try inputs for about so long; the same ones for the same seed.
pub fn run(seconds: u64, seed: u64) -> Result<()> {
    let program = [
        "run",
        "--locked",
        "--package",
        "pathpatch-fuzz",
        "--no-default-features",
    ];
    let [seconds, seed] = [seconds, seed].map(|number| number.to_string());
    let arguments = [
        "--bin",
        "fuzz",
        "--",
        "--seconds",
        &seconds,
        "--seed",
        &seed,
    ];
    cargo(&[&program[..], &arguments].concat())
}
