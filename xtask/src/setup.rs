//! Installs what a fresh machine lacks: the wasm target, npm's packages and, on Debian as root, Python's virtual
//! environments and Poppler. Where that is not possible, one line says what to install.

use std::{fs, path::Path};

use anyhow::{Result, bail};

use crate::run::{NPM, find_program, output, run};

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

/// A Python that notebooks are run in, with what makes virtual environments, which Debian has as a package of its own.
pub fn python() -> Result<()> {
    const NEEDED: &str = "import sys, venv, ensurepip; assert sys.version_info >= (3, 10)";
    let is_there = || output("python3", &["-c", NEEDED]).is_some();
    if is_there() {
        return Ok(());
    }
    if is_root_on_debian() {
        install(&["python3-venv"])?;
    }
    if !is_there() {
        bail!("Python 3.10 or later with venv is needed (Debian's package python3-venv)");
    }
    Ok(())
}

/// Poppler's programs, by which the browser tests read the PDFs that the page saves.
pub fn poppler() -> Result<()> {
    const PROGRAMS: [&str; 4] = ["pdffonts", "pdfinfo", "pdftoppm", "pdftotext"];
    let missing = || {
        PROGRAMS
            .into_iter()
            .find(|name| find_program(name).is_none())
    };
    if missing().is_some() && is_root_on_debian() {
        install(&["poppler-utils"])?;
    }
    if let Some(name) = missing() {
        bail!(
            "the browser tests need Poppler's {name} on the path (Debian's package poppler-utils)"
        );
    }
    Ok(())
}

/// Install Debian's packages, without questions, which nobody is there to answer; to be called as root. With the
/// packages that they recommend: Xvfb needs xauth.
pub fn install(packages: &[&str]) -> Result<()> {
    run("apt-get", &["update", "--quiet"])?;
    let install = [
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "--yes",
        "--quiet",
    ];
    run("env", &[&install[..], packages].concat())
}

/// Whether we may install Debian's packages.
pub fn is_root_on_debian() -> bool {
    let is_root = output("id", &["-u"]).as_deref() == Some("0");
    is_root && Path::new("/etc/debian_version").exists()
}
