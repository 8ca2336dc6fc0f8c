//! How long the sweep that `workers.mjs` has measured takes other numbers of workers, by simulation:
//!
//! ```text
//! cargo bench --bench workers -- WORKERS.json CONFIG.json
//! ```

use std::{env, error::Error, fs};

use pathpatch::{
    gpt2::Config,
    patching::{CrewEvent, simulate},
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    is_same: bool,
    one: Run,
    several: Run,
    steps: Vec<CrewEvent>,
}

#[derive(Deserialize)]
struct Run {
    workers: usize,
    seconds: f64,
    cpu_seconds: f64,
    load_seconds: f64,
    estimate_seconds: f64,
    memory: f64,
    slowest_cancel_ms: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = env::args().filter(|a| a.ends_with(".json")).collect();
    let [measured, config] = files.try_into().map_err(|_| "WORKERS.json CONFIG.json")?;
    let config = Config::from_json(&fs::read(config)?)?;
    let Measured {
        is_same,
        one,
        several,
        steps,
    } = serde_json::from_slice(&fs::read(measured)?)?;
    if !is_same {
        return Err("several workers have other values than one".into());
    }
    println!("| workers | full sweep | speed-up | CPU time | load | estimates | memory | cancel |");
    println!("| --: | --: | --: | --: | --: | --: | --: | --: |");
    for run in [&one, &several] {
        println!(
            "| {} | {:.1} s | {:.2} | {:.1} s | {:.1} s | {:.2} s | {:.0} MB | {:.0} ms |",
            run.workers,
            run.seconds,
            one.seconds / run.seconds,
            run.cpu_seconds,
            run.load_seconds,
            run.estimate_seconds,
            run.memory / 1e6,
            run.slowest_cancel_ms,
        );
    }
    let (mut began, mut ended) = (f64::INFINITY, f64::NEG_INFINITY);
    for step in &steps {
        (began, ended) = (step.began.min(began), step.ended.max(ended));
    }
    let (took, by_one) = (ended - began, simulate(&config, &steps, 1));
    let simulated = simulate(&config, &steps, several.workers);
    println!(
        "\nFrom the {} steps of the sweep by {} workers, {by_one:.1} s in all: simulated {simulated:.1} s, by their log \
         {took:.1} s, {:+.0}%",
        steps.len(),
        several.workers,
        100.0 * (took / simulated - 1.0)
    );
    for workers in [2, 3, 4, 6, 8] {
        let speed_up = by_one / simulate(&config, &steps, workers);
        println!("{workers} workers, simulated: {speed_up:.2}");
    }
    Ok(())
}
