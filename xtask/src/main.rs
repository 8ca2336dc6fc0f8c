//! Every command that README and CI name: `cargo xtask serve | build | test | screens | fuzz | bench | gallery |
//! check-gpt2 | check-code | train-demo | python`.

mod bench;
mod browsers;
mod check_gpt2;
mod circles;
mod demos;
mod fuzz;
mod gallery;
mod python;
mod run;
mod setup;
mod site;
mod test;
mod vulkan;
mod wasm;

use anyhow::Result;
use clap::{Parser, Subcommand};

use run::{npm_script_with, root};

/// pathpatch's commands. Each installs what it needs and is not there yet.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the page and serve it with live reload
    Serve {
        /// Do not open the page in a browser
        #[arg(long)]
        no_open: bool,
    },
    /// Build the static site in dist/
    Build,
    /// Build the Python package's wheel, which shows results in notebooks
    Python,
    /// Run every check: formatting, lints, Rust tests, TypeScript tests, browser tests, notebooks
    Test,
    /// Take the pictures of docs/screens/ and the one of README anew
    Screens,
    /// Run the checks of the Python package alone: its wheel, and notebooks in JupyterLab and marimo
    #[command(name = "test-notebooks")]
    TestNotebooks,
    /// Try hostile inputs on everything that reads a file or a link
    Fuzz {
        /// How long, in all
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// Which inputs: the same seed gives the same ones
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Measure the full sweep, native and in a browser, beside TransformerLens
    Bench {
        /// Only all edges of the graph on GPUs: natively on each adapter, lavapipe among them, and in Chromium
        #[arg(long)]
        gpu: bool,
        /// Only sweeps between heads on the CPU beside those of version 0.1, which is built for it
        #[arg(long, conflicts_with_all = ["gpu", "graph", "page", "workers"])]
        previous: bool,
        /// Only all edges of the graph, beside the edges between heads in version 0.1, which is built for it
        #[arg(long, conflicts_with = "gpu")]
        graph: bool,
        /// Only the page: how long a first visit waits for the first grid, beside version 0.1, whose site is built for it
        #[arg(long, conflicts_with_all = ["gpu", "graph"])]
        page: bool,
        /// Only several workers in a browser, beside one and by simulation
        #[arg(long, conflicts_with_all = ["gpu", "graph", "page"])]
        workers: bool,
    },
    /// Make the bundled models' saved results anew, which the page shows before any model is loaded
    Gallery,
    /// Check GPT-2 small's published figures on its real weights
    #[command(name = "check-gpt2")]
    CheckGpt2 {
        /// Directory with config.json, model.safetensors and tokenizer.json
        directory: String,
        /// If they are right, also make its saved results for the page's gallery, in this directory: the site's own is
        /// www/gallery
        #[arg(long, value_name = "DIR")]
        gallery: Option<String>,
    },
    /// Run the Python that the page copies, beside the command line, and have EAP-IG read a graph's file
    #[command(name = "check-code")]
    CheckCode,
    /// Train the bundled models anew (on 2 cores ioi-demo takes about 15 minutes, years-demo 1 or 2)
    #[command(name = "train-demo")]
    TrainDemo {
        /// One of them alone
        #[arg(value_parser = demos::NAMES)]
        name: Option<String>,
    },
}

fn main() -> Result<()> {
    std::env::set_current_dir(root())?;
    match Args::parse().command {
        Command::Serve { no_open } => site::serve(!no_open),
        Command::Build => site::build(),
        Command::Python => python::wheel().map(drop),
        Command::Test => test::all(),
        Command::Screens => screens(),
        Command::TestNotebooks => python::test(&[browsers::chromium_variable()?]),
        Command::Fuzz { seconds, seed } => fuzz::all(seconds, seed),
        Command::Bench { graph: true, .. } => bench::graph(),
        Command::Bench { previous: true, .. } => bench::sweeps(),
        Command::Bench { page: true, .. } => bench::page(),
        Command::Bench { gpu: true, .. } => bench::gpu(),
        Command::Bench { workers: true, .. } => bench::workers(),
        Command::Bench { .. } => bench::all(),
        Command::Gallery => gallery::bundled(),
        Command::CheckGpt2 { directory, gallery } => {
            check_gpt2::check(&directory)?;
            gallery.map_or(Ok(()), |out| gallery::gpt2(&directory, &out))
        }
        Command::CheckCode => bench::check_code(),
        Command::TrainDemo { name } => demos::train(name.as_deref()),
    }
}

/// Every state of the built page, and a notebook, as pictures.
fn screens() -> Result<()> {
    let chromium = browsers::chromium_variable()?;
    wasm::build()?;
    site::bundle()?;
    // For a run that takes a while: a checkpoint of GPT-2 small's size.
    bench::checkpoint::random_gpt2(12)?;
    // And for a notebook: Python with the package.
    let python = python::notebooks()?;
    npm_script_with("screens", &[], &[chromium, python])
}
