//! Every command that README and CI name: `cargo xtask serve | build | test | bench | check-gpt2 |
//! check-code | train-demo`.

mod bench;
mod check_gpt2;
mod run;
mod setup;
mod site;
mod test;
mod wasm;

use anyhow::Result;
use clap::{Parser, Subcommand};

use run::{cargo, root};

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
    /// Run every check: formatting, lints, Rust tests, TypeScript tests, browser tests
    Test,
    /// Measure the full sweep, native and in a browser, beside TransformerLens
    Bench {
        /// Also on the GPU of this machine, natively
        #[arg(long)]
        gpu: bool,
    },
    /// Check GPT-2 small's published figures on its real weights
    #[command(name = "check-gpt2")]
    CheckGpt2 {
        /// Directory with config.json, model.safetensors and tokenizer.json
        directory: String,
    },
    /// Run the Python that the page copies, beside the command line
    #[command(name = "check-code")]
    CheckCode,
    /// Train the bundled model anew (about 15 minutes on 2 cores)
    TrainDemo,
}

fn main() -> Result<()> {
    std::env::set_current_dir(root())?;
    match Args::parse().command {
        Command::Serve { no_open } => site::serve(!no_open),
        Command::Build => site::build(),
        Command::Test => test::all(),
        Command::Bench { gpu } => bench::all(gpu),
        Command::CheckGpt2 { directory } => check_gpt2::check(&directory),
        Command::CheckCode => bench::check_code(),
        Command::TrainDemo => {
            let example = [
                "run",
                "--release",
                "--package",
                "pathpatch",
                "--example",
                "train_demo",
            ];
            cargo(&[&example[..], &["--", "www/models/ioi-demo"]].concat())
        }
    }
}
