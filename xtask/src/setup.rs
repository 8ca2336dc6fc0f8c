//! What a fresh machine lacks: the wasm target, npm's packages, a Chromium. Installed where we can; where
//! we cannot, one line says what to run.

use std::{fs, path::Path};

use anyhow::{Result, bail};

use crate::run::{output, run};

const TARGET: &str = "wasm32-unknown-unknown";
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

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
    if output("npm", &["--version"]).is_none() {
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
    run("npm", &["ci", "--no-audit", "--no-fund"])
}

/// The path of a Chromium that is there: `CHROMIUM` if set, or one on the path.
pub fn find_chromium() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    named.or_else(|| BROWSERS.iter().find_map(|name| output("which", &[name])))
}

/// The path of a Chromium, Debian's installed now where there is none.
pub fn chromium() -> Result<String> {
    if let Some(path) = find_chromium() {
        return Ok(path);
    }
    let is_root = output("id", &["-u"]).as_deref() == Some("0");
    if is_root && Path::new("/etc/debian_version").exists() {
        run("apt-get", &["update", "--quiet"])?;
        run("apt-get", &["install", "--yes", "--quiet", "chromium"])?;
        if let Some(path) = find_chromium() {
            return Ok(path);
        }
    }
    bail!("Chromium is needed for the browser tests: install it and set CHROMIUM to its path");
}
