//! The page: built into dist/, or served while one works on it.

use std::{fs, path::Path, process::Command, sync::mpsc, time::Duration};

use anyhow::{Context, Result, bail};
use notify_debouncer_mini::{new_debouncer, notify::RecursiveMode};

use crate::{
    run::npm_script,
    setup,
    wasm::{self, gzipped_len},
};

/// Build the static site and print what a visitor downloads.
pub fn build() -> Result<()> {
    wasm::build_site()?;
    bundle()
}

/// Bundle the front end around a wasm module that is already built.
pub fn bundle() -> Result<()> {
    setup::npm_packages()?;
    npm_script("build", &[])?;
    let scripts = gzipped_size_of(Path::new("dist"), "js")?;
    println!("js: {:.1} kB gzipped", scripts as f64 / 1e3);
    println!("built dist/: serve it from any static host, under any path");
    Ok(())
}

/// Total gzipped size of the files with an extension below a directory.
fn gzipped_size_of(directory: &Path, extension: &str) -> Result<usize> {
    let mut total = 0;
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            total += gzipped_size_of(&path, extension)?;
        } else if path.extension().is_some_and(|e| e == extension) {
            total += gzipped_len(&fs::read(&path)?)?;
        }
    }
    Ok(total)
}

/// Serve the page with Vite, which reloads on changes in www/, and rebuild the wasm on changes in src/.
pub fn serve(open: bool) -> Result<()> {
    setup::npm_packages()?;
    wasm::build()?;
    let mut arguments = vec!["run", "dev"];
    if open {
        arguments.extend(["--", "--open"]);
    }
    let mut server = Command::new("npm")
        .args(&arguments)
        .spawn()
        .context("could not start npm")?;

    let (sender, changes) = mpsc::channel();
    let mut debouncer = new_debouncer(Duration::from_millis(300), sender)?;
    debouncer
        .watcher()
        .watch(Path::new("src"), RecursiveMode::Recursive)?;
    loop {
        if let Some(status) = server.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("the development server stopped: {status}");
        }
        if let Ok(Ok(_)) = changes.recv_timeout(Duration::from_millis(500))
            && let Err(error) = wasm::build()
        {
            eprintln!("{error:#}; the page keeps the last module that built");
        }
    }
}
