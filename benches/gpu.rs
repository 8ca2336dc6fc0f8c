//! All edges of a checkpoint on a GPU, timed: one line of JSON. The page `bench.html` measures the same in a browser.
//!
//! `cargo xtask bench --gpu` runs it on every adapter that it finds.

mod common;

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Parser;
use pathpatch::{
    device::DeviceChoice,
    directory,
    error::{Code, Error},
    patching::{Cell, EdgeOptions, EdgeTable, Progress},
    pause::NoPause,
    session::{EdgesRequest, Session},
};
use pathpatch_cli::set_up_process;
use serde::Serialize;

/// Rows of bare products: about those of a chunk.
const ROWS: usize = 2048;

#[derive(Parser)]
struct Args {
    /// Directory with config.json and model.safetensors
    #[arg(long)]
    model: PathBuf,
    /// Prompts as token ids
    #[arg(long)]
    prompts: PathBuf,
    /// Seconds after which a sweep is stopped; its own estimate of the time left is then added
    #[arg(long)]
    limit: f64,
    /// Compare with the CPU's values
    #[arg(long)]
    compare: bool,
    /// What cargo passes to a bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Serialize)]
struct Report {
    adapter: Option<String>,
    /// The product that was chosen.
    matmul: &'static str,
    /// Until the model was ready; the choice of a product is part of it.
    load_seconds: f64,
    /// The first sweep after the load: kernels are compiled in it.
    first_seconds: f64,
    second_seconds: f64,
    /// Whether the sweeps were stopped, and the seconds include their estimate of the time left.
    projected: bool,
    edges: usize,
    flops: f64,
    /// Operations a second of bare products, by name.
    products: Vec<(&'static str, f64)>,
    largest_difference: Option<f32>,
}

fn main() {
    let args = Args::parse();
    set_up_process().expect("threads");
    let report = pollster::block_on(measure(&args));
    println!("{}", serde_json::to_string(&report).expect("plain numbers"));
}

async fn measure(args: &Args) -> Report {
    let start = Instant::now();
    let session = load(&args.model, DeviceChoice::WebGpu).await;
    let load_seconds = start.elapsed().as_secs_f64();
    let first = sweep(&session, &args.prompts, args.limit).await;
    let second = sweep(&session, &args.prompts, args.limit).await;
    let largest_difference = match &second.table {
        Some(table) if args.compare => {
            let on_cpu = load(&args.model, DeviceChoice::Cpu).await;
            let on_cpu = sweep(&on_cpu, &args.prompts, f64::INFINITY).await;
            on_cpu.table.map(|cpu| largest_difference(&cpu, table))
        }
        _ => None,
    };
    Report {
        adapter: session.device().adapter.clone(),
        matmul: session.device().matmul,
        load_seconds,
        first_seconds: first.seconds,
        second_seconds: second.seconds,
        projected: second.table.is_none(),
        edges: second.last.total,
        flops: second.flops,
        products: session
            .matmul_rates(ROWS, &NoPause)
            .await
            .expect("products"),
        largest_difference,
    }
}

async fn load(model: &Path, choice: DeviceChoice) -> Session {
    directory::load(model, choice).await.expect("a model")
}

/// A sweep, or as much of it as there was time for.
struct Swept {
    /// `None` where it was stopped.
    table: Option<EdgeTable>,
    seconds: f64,
    flops: f64,
    last: Progress,
}

async fn sweep(session: &Session, prompts: &Path, limit: f64) -> Swept {
    let request = EdgesRequest {
        on: common::request(prompts),
        edges: None,
        options: EdgeOptions::default(),
    };
    let mut last = None;
    let start = Instant::now();
    let edges = session.edges(&request, &NoPause, |update| {
        last = Some(update.progress);
        match start.elapsed().as_secs_f64() > limit && update.progress.seconds_left.is_some() {
            true => Err(Error::new(
                Code::Cancelled,
                "sweep",
                "to end",
                "no more time",
            )),
            false => Ok(()),
        }
    });
    let table = match edges.await {
        Ok(swept) => Some(swept.result.table),
        Err(error) if error.code == Code::Cancelled => None,
        Err(error) => panic!("{error}"),
    };
    let (seconds, last) = (start.elapsed().as_secs_f64(), last.expect("an update"));
    // The time left is in proportion to the work left.
    let share = match (&table, last.seconds_left) {
        (None, Some(left)) => seconds / (seconds + left),
        _ => 1.0,
    };
    Swept {
        table,
        seconds: seconds / share,
        flops: last.flops / share,
        last,
    }
}

fn largest_difference(a: &EdgeTable, b: &EdgeTable) -> f32 {
    let of = |cells: (&Cell, &Cell)| match cells {
        (Cell::Exact { value: a, .. }, Cell::Exact { value: b, .. }) => (a - b).abs(),
        (Cell::NoPath, Cell::NoPath) => 0.0,
        _ => f32::INFINITY,
    };
    a.cells.iter().zip(&b.cells).map(of).fold(0.0, f32::max)
}
