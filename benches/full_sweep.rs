//! Times one full sweep of a checkpoint and prints one line of JSON with everything needed to judge the time.
//!
//! `cargo xtask bench` runs it on a checkpoint of GPT-2 small's size and compares it with the browser and
//! TransformerLens. It is a single run without statistics: a sweep of several seconds averages over the machine's noise,
//! and the bare matrix products for comparison are timed right after it.

mod common;

use std::{collections::HashMap, fs, path::PathBuf, time::Instant};

use clap::Parser;
use pathpatch::{
    device::DeviceChoice,
    directory,
    patching::{Component, Grid, LayerNorm, SweepOptions},
    pause::NoPause,
    prompt::Batch,
    session::{MetricRequest, Session, SweepRequest},
};
use pathpatch_cli::set_up_process;
use serde::Serialize;

#[derive(Parser)]
struct Args {
    /// Directory with config.json and model.safetensors
    #[arg(long)]
    model: PathBuf,
    /// Prompts as token ids
    #[arg(long)]
    prompts: PathBuf,
    #[arg(long, default_value = "k")]
    component: String,
    #[arg(long, default_value = "frozen")]
    layer_norm: String,
    /// Bytes of a chunk's activations, instead of the device's default
    #[arg(long)]
    memory_budget: Option<usize>,
    /// What cargo passes to a bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Serialize)]
struct Report {
    load_seconds: f64,
    estimate_seconds: f64,
    /// Time of the sweep as a user calls it: both runs, estimates and all exact values.
    seconds: f64,
    edges: usize,
    flops: f64,
    /// Rate of bare products of equally many rows with a block's weights.
    matmul_flops_per_second: f64,
    peak_memory: Option<u64>,
    max_estimate_error: f32,
    /// Rank correlation of estimated and exact effects.
    spearman: f64,
    /// How many of the 20 largest exact effects are among the 20 largest estimates.
    top_20: usize,
    values: Vec<Option<f32>>,
}

fn main() {
    let args = Args::parse();
    set_up_process().expect("threads");
    let report = pollster::block_on(measure(&args));
    println!("{}", serde_json::to_string(&report).expect("plain numbers"));
}

async fn measure(args: &Args) -> Report {
    let start = Instant::now();
    let session = directory::load(&args.model, DeviceChoice::Cpu).await;
    let session = session.expect("a model");
    let load_seconds = start.elapsed().as_secs_f64();

    let on = common::request(&args.prompts);
    let component: Component = args.component.parse().expect("a component");
    let layer_norm: LayerNorm = args.layer_norm.parse().expect("a layer norm");
    let start = Instant::now();
    let estimates = session
        .estimate(&on, layer_norm, &NoPause)
        .await
        .expect("estimates");
    let estimate_seconds = start.elapsed().as_secs_f64();
    let estimates = match component {
        Component::Q => estimates.result.q,
        Component::K => estimates.result.k,
        Component::V => estimates.result.v,
    };

    let request = SweepRequest {
        on,
        component,
        source: None,
    };
    let options = SweepOptions {
        layer_norm,
        estimates: true,
        memory_budget: args.memory_budget,
    };
    let (mut last, mut rows) = (None, 0);
    let rows_of_edge = rows_of_edge(&session, &request.on);
    let start = Instant::now();
    let grid = session.sweep(&request, options, &NoPause, |update| {
        if update.fresh.iter().all(|i| update.grid.exact[*i] == 1) {
            rows = rows.max(update.fresh.len() * rows_of_edge);
        }
        last = Some(update.progress);
        Ok(())
    });
    let grid = grid.await.expect("a sweep").result;
    let seconds = start.elapsed().as_secs_f64();
    let last = last.expect("an update");
    let rates = session
        .matmul_rates(rows, &NoPause)
        .await
        .expect("products");
    let rates = HashMap::<_, _>::from_iter(rates);
    let (spearman, top_20) = ranking(&estimates, &grid);
    Report {
        load_seconds,
        estimate_seconds,
        seconds,
        edges: last.total,
        flops: last.flops,
        matmul_flops_per_second: rates[session.device().matmul],
        peak_memory: peak_memory(),
        max_estimate_error: last.max_estimate_error.expect("estimates"),
        spearman,
        top_20,
        values: entries(&grid),
    }
}

/// Rows of one edge in the batch: from the first row to the end, for each prompt.
fn rows_of_edge(session: &Session, on: &MetricRequest) -> usize {
    let pairs = on.pairs.iter().map(|pair| session.pair(pair, false));
    let pairs = pairs.collect::<Result<_, _>>().expect("pairs");
    let batch = Batch::new(pairs, None, session.config()).expect("a batch");
    (batch.len_pos() - batch.first_row()) * batch.pairs().len()
}

/// Peak memory of this process in bytes, if the system reports it.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}

/// A grid's values, `None` where there is no path.
fn entries(grid: &Grid) -> Vec<Option<f32>> {
    let entries = grid.values.iter().zip(&grid.mask);
    entries
        .map(|(value, mask)| (*mask == 1).then_some(*value))
        .collect()
}

/// Spearman's rank correlation of the effects, and the overlap of the 20 largest.
fn ranking(estimates: &Grid, exact: &Grid) -> (f64, usize) {
    let effects = |grid: &Grid| -> Vec<f32> {
        let values = entries(grid).into_iter().flatten();
        values.map(|v| v - grid.corrupted_metric).collect()
    };
    let (estimates, exact) = (effects(estimates), effects(exact));
    let ranks = |effects: &[f32]| {
        let mut order: Vec<usize> = (0..effects.len()).collect();
        order.sort_by(|a, b| effects[*a].total_cmp(&effects[*b]));
        let mut ranks = vec![0.0; effects.len()];
        order
            .iter()
            .enumerate()
            .for_each(|(rank, i)| ranks[*i] = rank as f64);
        ranks
    };
    let pairs = ranks(&estimates).into_iter().zip(ranks(&exact));
    let squares = pairs.map(|(a, b)| (a - b) * (a - b));
    let n = exact.len() as f64;
    let spearman = 1.0 - 6.0 * squares.sum::<f64>() / (n * (n * n - 1.0));
    let largest = |effects: &[f32]| {
        let mut order: Vec<usize> = (0..effects.len()).collect();
        order.sort_by(|a, b| effects[*b].abs().total_cmp(&effects[*a].abs()));
        order.truncate(20);
        order
    };
    let of_estimates = largest(&estimates);
    let top_20 = largest(&exact)
        .iter()
        .filter(|i| of_estimates.contains(i))
        .count();
    (spearman, top_20)
}
