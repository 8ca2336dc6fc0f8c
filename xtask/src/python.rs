//! The Python package: its wheel, and its tests in notebooks.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{
    run::{Variables, npm_script, npm_script_with, run},
    setup,
};

const PACKAGE: &str = "python";
/// Where wheels are put.
const WHEELS: &str = "python/dist";
/// What builds the wheel and runs notebooks: kept from run to run.
const TOOLS: &str = "target/python/tools";
/// With nothing but the wheel and what it asks for: made anew for each run.
const FRESH: &str = "target/python/fresh";
const REQUIREMENTS: &str = "python/tests/requirements.txt";

/// What a user does first, with nothing else installed.
const FIRST_USE: &str = "import pathpatch; \
    widget = pathpatch.show('python/tests/data/sweep.json'); \
    assert widget.edge == ('a0.h3', 'a1.h3<k>'), widget.edge; \
    print(pathpatch.__version__, widget)";

/// Build the wheel, and return its path.
pub fn wheel() -> Result<String> {
    setup::npm_packages()?;
    tools()?;
    npm_script("build:widget", &[])?;
    // A package has its licences within its own directory.
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(name, format!("{PACKAGE}/{name}"))?;
    }
    let notices = "THIRD-PARTY-LICENSES.md";
    let built = format!("{PACKAGE}/pathpatch/static/{notices}");
    fs::rename(built, format!("{PACKAGE}/{notices}"))?;
    if Path::new(WHEELS).exists() {
        fs::remove_dir_all(WHEELS)?;
    }
    let how = ["--quiet", "--no-deps", "--no-build-isolation"];
    let pip = ["-m", "pip", "wheel", "--wheel-dir", WHEELS];
    run(&program(TOOLS), &[&pip[..], &how, &["./python"]].concat())?;
    let found = fs::read_dir(WHEELS)?
        .next()
        .context("pip made no wheel")??;
    let path = found.path().to_string_lossy().into_owned();
    println!("built {path}: pip install {path}");
    Ok(path)
}

/// Install the wheel and run its tests: by itself, in a notebook without a page, on pages of JupyterLab and marimo.
pub fn test(browsers: &Variables) -> Result<()> {
    let wheel = wheel()?;
    run("python3", &["-m", "venv", "--clear", FRESH])?;
    install(FRESH, &[&wheel])?;
    run(&program(FRESH), &["-c", FIRST_USE])?;

    install(TOOLS, &["--force-reinstall", "--no-deps", &wheel])?;
    run(
        &program(TOOLS),
        &["-m", "pytest", "--quiet", "python/tests"],
    )?;
    let python = fs::canonicalize(".")?.join(program(TOOLS));
    let mut variables = browsers.to_vec();
    variables.push(("PYTHON", python.to_string_lossy().into_owned()));
    npm_script_with("test:notebooks", &[], &variables)
}

/// The tools, installed again where others are asked for.
fn tools() -> Result<()> {
    setup::python()?;
    let wanted = fs::read_to_string(REQUIREMENTS)?;
    let installed = format!("{TOOLS}/installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    run("python3", &["-m", "venv", "--clear", TOOLS])?;
    // Jupyter's own scripts are modules of Node's first kind, which ours are not.
    fs::write(format!("{TOOLS}/package.json"), "{ \"private\": true }\n")?;
    install(TOOLS, &["--requirement", REQUIREMENTS])?;
    fs::write(installed, wanted)?;
    Ok(())
}

fn install(environment: &str, what: &[&str]) -> Result<()> {
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    run(&program(environment), &[&pip[..], what].concat())
}

/// The Python of a virtual environment.
fn program(environment: &str) -> String {
    let place = if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    };
    format!("{environment}/{place}")
}
