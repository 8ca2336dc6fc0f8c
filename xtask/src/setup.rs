//! Installs what a fresh machine lacks: the wasm target, npm's packages and, on Debian as root, Python's virtual
//! environments and Poppler. Where that is not possible, one line says what to install.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

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

/// The path of a Python of version 3.`minor` or later with what makes virtual environments, which Debian has as a package
/// of its own.
pub fn python(minor: u32) -> Result<String> {
    if let Some(found) = find_python(minor) {
        return Ok(found);
    }
    if is_root_on_debian() {
        install(&["python3-venv"])?;
    }
    find_python(minor).with_context(|| {
        format!("Python 3.{minor} or later with venv is needed (Debian's package python3-venv)")
    })
}

/// Python by the names that it has on Linux and macOS, in virtual environments, and on Windows.
fn find_python(minor: u32) -> Option<String> {
    const CALLS: [(&str, &[&str]); 3] = [("python3", &[]), ("python", &[]), ("py", &["-3"])];
    let check = format!(
        "import sys, venv, ensurepip; assert sys.version_info >= (3, {minor}); print(sys.executable)"
    );
    // Windows prints paths in an encoding of its own otherwise.
    let how = ["-X", "utf8", "-c", check.as_str()];
    CALLS
        .into_iter()
        .find_map(|(program, arguments)| output(program, &[arguments, &how].concat()))
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
