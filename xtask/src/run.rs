//! Runs other programs: prints the call first, and returns their failure as an error.

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

/// npm as a program: a batch file on Windows, where only the whole name of one is found.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Environment variables for a program, by name.
pub type Variables = [(&'static str, String)];

/// Run a program to its end; its output goes where ours goes.
pub fn run(program: &str, arguments: &[&str]) -> Result<()> {
    run_with(program, arguments, &[])
}

/// Run a program to its end in our environment and these variables.
pub fn run_with(program: &str, arguments: &[&str], variables: &Variables) -> Result<()> {
    eprintln!("> {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
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

/// Cargo's argument for native builds without WebGPU.
pub const WITHOUT_WEBGPU: &str = "--no-default-features";

/// The cargo that runs us.
pub fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

/// Run the cargo that runs us.
pub fn cargo(arguments: &[&str]) -> Result<()> {
    run(&cargo_program(), arguments)
}

/// Run a script of package.json.
pub fn npm_script(script: &str, arguments: &[&str]) -> Result<()> {
    npm_script_with(script, arguments, &[])
}

/// Run a script of package.json in our environment and these variables.
pub fn npm_script_with(script: &str, arguments: &[&str], variables: &Variables) -> Result<()> {
    let arguments = [&["run", "--silent", script, "--"], arguments].concat();
    run_with(NPM, &arguments, variables)
}

/// The path of a program that the shell would find.
pub fn find_program(name: &str) -> Option<String> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let directories = std::env::var_os("PATH")?;
    std::env::split_paths(&directories)
        .map(|directory| directory.join(&file))
        .find(|path| path.is_file())
        .map(|path| path.to_string_lossy().into_owned())
}
