//! The page: built into dist/, or served with live reload.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use notify_debouncer_mini::{new_debouncer, notify::RecursiveMode};

use crate::{
    browsers,
    run::{NPM, npm_script, run},
    setup,
    wasm::{self, gzipped_len},
};

/// Where the built site is, below the repository's root.
pub const SITE: &str = "dist";
/// All scripts that the page can load, gzipped; it loads most of them when they are needed.
const MAX_SCRIPTS: usize = 170_000;

/// Build the static site and print what a visitor downloads and waits for.
pub fn build() -> Result<()> {
    wasm::build_site()?;
    bundle()?;
    match browsers::find_chromium() {
        Some(chromium) => run("node", &["benches/first_grid.mjs", &chromium, "cpu", SITE])?,
        None => println!("first grid: not measured, there is no Chromium"),
    }
    println!(
        "built {SITE}/: serve it from any static host, under any path, or publish it with npm"
    );
    Ok(())
}

/// Bundle the front end around a wasm module that is already built, and fail if it has outgrown its limit.
pub fn bundle() -> Result<()> {
    setup::npm_packages()?;
    npm_script("build", &[])?;
    let scripts = gzipped(&loaded_by(&Path::new(SITE).join("index.html"))?)?;
    let kilobytes = |bytes: usize| bytes as f64 / 1e3;
    println!(
        "js: {:.1} kB gzipped (at most {:.0})",
        kilobytes(scripts),
        kilobytes(MAX_SCRIPTS)
    );
    let gallery = gzipped(&files(&Path::new(SITE).join("gallery"), "json")?)?;
    println!(
        "gallery: {:.1} kB gzipped, of which a visitor downloads what is opened",
        kilobytes(gallery)
    );
    if scripts > MAX_SCRIPTS {
        bail!("the scripts are {scripts} bytes gzipped, more than {MAX_SCRIPTS}");
    }
    Ok(())
}

/// The scripts of the site that a page names, that those name, and so on.
fn loaded_by(page: &Path) -> Result<Vec<PathBuf>> {
    let mut others = files(Path::new(SITE), "js")?;
    let mut loaded = vec![page.to_path_buf()];
    let mut next = 0;
    while next < loaded.len() {
        let text = fs::read_to_string(&loaded[next])?;
        let is_named = |script: &PathBuf| {
            let name = script.file_name().unwrap_or_default().to_string_lossy();
            // Behind a slash or a quotation mark: another's name may end in the same letters.
            text.match_indices(&*name)
                .any(|(at, _)| text[..at].ends_with(['/', '"', '\'', '`']))
        };
        let (named, rest) = others.into_iter().partition(is_named);
        loaded.extend::<Vec<PathBuf>>(named);
        others = rest;
        next += 1;
    }
    loaded.remove(0);
    Ok(loaded)
}

/// The files with an extension below a directory.
fn files(directory: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Size of files, each gzipped.
fn gzipped(files: &[PathBuf]) -> Result<usize> {
    let sizes = files.iter().map(|file| gzipped_len(&fs::read(file)?));
    sizes.sum()
}

/// Serve the page with Vite, which reloads on changes in www/. Rebuild the wasm on changes in the crates that it is
/// made of.
pub fn serve(open: bool) -> Result<()> {
    setup::npm_packages()?;
    wasm::build()?;
    let mut arguments = vec!["run", "dev"];
    if open {
        arguments.extend(["--", "--open"]);
    }
    let mut server = Command::new(NPM)
        .args(&arguments)
        .spawn()
        .context("could not start npm")?;

    let (sender, changes) = mpsc::channel();
    let mut debouncer = new_debouncer(Duration::from_millis(300), sender)?;
    for sources in ["src", "web/src", "kernels/src"] {
        let watcher = debouncer.watcher();
        watcher.watch(Path::new(sources), RecursiveMode::Recursive)?;
    }
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
