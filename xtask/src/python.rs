//! The Python package: its wheel, and its tests in notebooks.

use std::{fs, path};

use anyhow::{Context, Result};

use crate::{
    run::{Variables, npm_script, npm_script_with, output, run},
    setup,
};

const PACKAGE: &str = "python";
/// Where wheels are put.
const WHEELS: &str = "python/dist";
/// With nothing but the wheel and what it asks for: made anew for each run.
const FRESH: &str = "target/python/fresh";

/// A virtual environment that is kept from run to run.
pub struct Environment {
    directory: &'static str,
    /// The file that lists what is installed in it.
    requirements: &'static str,
    /// What those packages need: Python 3.`minor` or later.
    minor: u32,
}

/// What builds the wheel.
const BUILDER: Environment = Environment {
    directory: "target/python/builder",
    requirements: "python/build-requirements.txt",
    minor: 10,
};
/// What the package is tested with: JupyterLab, marimo and others.
pub const NOTEBOOKS: Environment = Environment {
    directory: "target/python/notebooks",
    requirements: "python/tests/requirements.txt",
    minor: 11,
};

/// What a user does first, with nothing else installed.
const FIRST_USE: &str = "import pathpatch; \
    widget = pathpatch.show('python/tests/data/sweep.json'); \
    assert widget.edge == ('a0.h3', 'a1.h3<k>'), widget.edge; \
    print(pathpatch.__version__, widget)";

/// Build the wheel, and return its path.
pub fn wheel() -> Result<String> {
    setup::npm_packages()?;
    let python = BUILDER.set_up()?;
    npm_script("build:widget", &[])?;
    // A package has its licences within its own directory.
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(name, format!("{PACKAGE}/{name}"))?;
    }
    let notices = "THIRD-PARTY-LICENSES.md";
    let built = format!("{PACKAGE}/pathpatch/static/{notices}");
    fs::rename(built, format!("{PACKAGE}/{notices}"))?;
    if fs::exists(WHEELS)? {
        fs::remove_dir_all(WHEELS)?;
    }
    let how = ["--quiet", "--no-deps", "--no-build-isolation"];
    let pip = ["-m", "pip", "wheel", "--wheel-dir", WHEELS];
    run(&python, &[&pip[..], &how, &["./python"]].concat())?;
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
    let base = NOTEBOOKS.python()?;
    run(&base, &["-m", "venv", "--clear", FRESH])?;
    let fresh = program(FRESH);
    install(&fresh, &[&wheel])?;
    run(&fresh, &["-c", FIRST_USE])?;

    let (variable, python) = notebooks_with(&wheel)?;
    run(&python, &["-m", "pytest", "--quiet", "python/tests"])?;
    let variables = [browsers, &[(variable, python)]].concat();
    npm_script_with("test:notebooks", &[], &variables)
}

/// A Python that runs notebooks, with the package as it is now: the variable that tells Playwright its path.
pub fn notebooks() -> Result<(&'static str, String)> {
    notebooks_with(&wheel()?)
}

fn notebooks_with(wheel: &str) -> Result<(&'static str, String)> {
    let python = NOTEBOOKS.set_up()?;
    install(&python, &["--force-reinstall", "--no-deps", wheel])?;
    let path = path::absolute(python)?;
    Ok(("PYTHON", path.to_string_lossy().into_owned()))
}

impl Environment {
    /// A Python that it can be made of.
    pub fn python(&self) -> Result<String> {
        setup::python(self.minor)
    }

    /// Its own Python. It is made anew where another list of packages or another Python asks for it: a new minor version
    /// does not see the packages of the one before.
    fn set_up(&self) -> Result<String> {
        let base = self.python()?;
        let version = output(&base, &["-c", "import sys; print(sys.version)"])
            .with_context(|| format!("{base} does not tell its version"))?;
        let packages = fs::read_to_string(self.requirements)?;
        let wanted = format!("{base}\n{version}\n{packages}");
        let record = format!("{}/installed.txt", self.directory);
        let python = program(self.directory);
        if fs::read_to_string(&record).is_ok_and(|text| text == wanted) {
            return Ok(python);
        }
        run(&base, &["-m", "venv", "--clear", self.directory])?;
        // Jupyter's own scripts are CommonJS, and by the repository's package.json Node would read them as ES modules.
        let package = format!("{}/package.json", self.directory);
        fs::write(package, "{ \"private\": true }\n")?;
        install(&python, &["--requirement", self.requirements])?;
        fs::write(record, wanted)?;
        Ok(python)
    }
}

/// Install packages with a Python's pip.
fn install(python: &str, what: &[&str]) -> Result<()> {
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ];
    run(python, &[&pip[..], what].concat())
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
