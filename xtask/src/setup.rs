//! Installs what a fresh machine lacks: the wasm target and npm's packages. Where that is not possible, one line says
//! what to install.

use std::{fs, path::Path};

use anyhow::{Result, bail};

use crate::run::{NPM, output, run};

const TARGET: &str = "wasm32-unknown-unknown";
/// The wasm target of the toolchain in use.
pub fn wasm_target() -> Result<()> {
    let Some(installed) = output("rustup", &["target", "list", "--installed"]) else {
        bail!("rustup is needed to install the wasm target: see https://rustup.rs");
    };
    if installed.lines().any(|target| target == TARGET) {
        return Ok(());
    }
    run("rustup", &["target", "add", TARGET])
}

/// The packages of package-lock.json.
pub fn npm_packages() -> Result<()> {
    if output(NPM, &["--version"]).is_none() {
        bail!("Node.js 20.19 or later with npm is needed: see https://nodejs.org");
    }
    let modified = |path: &str| {
        fs::metadata(Path::new(path))
            .and_then(|m| m.modified())
            .ok()
    };
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    run(NPM, &["ci", "--no-audit", "--no-fund"])
}
