//! Several workers in a browser beside one, and by simulation what other numbers of them would take.

use std::{fs, process::Command};

use anyhow::Result;
use serde_json::Value;

use super::{checkpoint, runners};
use crate::{
    browsers,
    run::{WITHOUT_WEBGPU, cargo},
};

/// How many workers are measured beside one, and how often each, in turns.
const WORKERS: &str = "2";
const TURNS: &str = "2";

/// Measure both on a checkpoint of GPT-2 small's size, and print a table.
pub fn workers() -> Result<()> {
    const MEASURED: &str = "target/bench/workers.json";
    let model = checkpoint::random_gpt2(12)?;
    let prompts = checkpoint::prompts(15, 10, 1)?;
    let site = runners::site(&model)?;
    let arguments = [
        "benches/workers.mjs",
        site,
        "model",
        &prompts,
        WORKERS,
        TURNS,
    ];
    let mut command = Command::new("node");
    let command = command
        .env("CHROMIUM", browsers::chromium()?)
        .args(arguments);
    let measured: Value = runners::json(command)?;
    fs::write(MEASURED, measured.to_string())?;
    let bench = [
        "bench",
        "--quiet",
        "--locked",
        "--package",
        "pathpatch",
        WITHOUT_WEBGPU,
    ];
    // Cargo runs it in the directory of its package, which is this one.
    let config = format!("{model}/config.json");
    cargo(&[&bench[..], &["--bench", "workers", "--", MEASURED, &config]].concat())
}
