//! Running other programs, echoed, with their failure as an error.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// The repository.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Run a program to its end; its output goes where ours goes.
pub fn run(program: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("> {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| format!("could not start {program}"))?;
    if !status.success() {
        bail!("{program} {} failed: {status}", arguments.join(" "));
    }
    Ok(())
}

/// What a program prints, or `None` where it is not there or fails.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_string())
}

/// Run the cargo that runs us.
pub fn cargo(arguments: &[&str]) -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    run(&cargo, arguments)
}

/// Run a script of package.json.
pub fn npm_script(script: &str, arguments: &[&str]) -> Result<()> {
    run(
        "npm",
        &[&["run", "--silent", script, "--"], arguments].concat(),
    )
}
