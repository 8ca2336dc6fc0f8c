//! Version 0.1, which knew the edges between heads alone: what a bench compares with. It is checked out and built in a
//! folder of its own.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::runners::{Sweep, absolute, built, json};
use crate::run::{WITHOUT_WEBGPU, cargo_program, run};

pub const COMMIT: &str = "0f642fe";
const PLACE: &str = "target/bench/previous";

/// Check it out, unless it is there.
pub fn set_up() -> Result<()> {
    if !Path::new(PLACE).exists() {
        run("git", &["worktree", "prune"])?;
        run("git", &["worktree", "add", "--detach", PLACE, COMMIT])?;
    }
    run(
        "git",
        &["-C", PLACE, "checkout", "--quiet", "--detach", COMMIT],
    )
}

/// Build its site with its own commands, and say where that is.
pub fn site() -> Result<String> {
    set_up()?;
    let status = cargo()
        .args(["xtask", "build"])
        .status()
        .context("could not start cargo")?;
    ensure!(
        status.success(),
        "the site of {COMMIT} could not be built: {status}"
    );
    Ok(format!("{PLACE}/dist"))
}

/// One component's full sweep between heads by its own bench.
pub fn sweep(model: &str, prompts: &str, component: &str, layer_norm: &str) -> Result<Sweep> {
    let [model, prompts] = [absolute(model)?, absolute(prompts)?];
    json(
        cargo()
            .args(["bench", "--quiet", "--locked", "--package", "pathpatch"])
            .args([WITHOUT_WEBGPU, "--bench", "full_sweep", "--"])
            .args(["--component", component, "--layer-norm", layer_norm])
            .args(["--model", &model, "--prompts", &prompts]),
    )
}

/// Its command line, built where it is not.
pub fn program() -> Result<PathBuf> {
    set_up()?;
    let status = cargo()
        .args(["build", "--release", "--locked", "--package", "pathpatch"])
        .arg(WITHOUT_WEBGPU)
        .status()
        .context("could not start cargo")?;
    ensure!(
        status.success(),
        "the command line of {COMMIT} could not be built: {status}"
    );
    built(&Path::new(PLACE).join("target"))
}

/// Cargo on its files, with its own build folder.
fn cargo() -> Command {
    let mut cargo = Command::new(cargo_program());
    cargo.current_dir(PLACE).env("CARGO_TARGET_DIR", "target");
    cargo
}
