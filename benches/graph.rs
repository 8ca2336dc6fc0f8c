//! Every edge of a checkpoint's graph, timed: one line of JSON.
//!
//! `cargo xtask bench --graph` runs it on a checkpoint of GPT-2 small's size and puts it beside what the edges between
//! heads took in an earlier version.

mod common;

use std::{collections::HashSet, path::PathBuf, time::Instant};

use clap::Parser;
use pathpatch::{
    device::DeviceChoice,
    directory,
    patching::{Cell, EdgeOptions, EdgeUpdate, LayerNorm, Patch, Scores},
    pause::NoPause,
    session::EdgesRequest,
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
    #[arg(long, default_value = "exact")]
    layer_norm: LayerNorm,
    /// What cargo passes to a bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Serialize)]
struct Report {
    edges: usize,
    /// Estimates of all edges and their exact values. Both runs are made for EAP, which comes first, and kept.
    seconds: f64,
    /// The estimates alone, by kind.
    estimate_seconds: f64,
    /// Until the 500 edges with the largest estimates are exact, from the same start as `seconds`.
    strongest_seconds: f64,
    eap_seconds: f64,
    eap_ig_5_seconds: f64,
    flops: f64,
    max_estimate_error: f32,
}

/// Hears when the edges with the largest estimates have become exact.
#[derive(Default)]
struct Strongest {
    /// Their places in the table that are still estimates.
    left: HashSet<usize>,
    seconds: Option<f64>,
}

impl Strongest {
    const N: usize = 500;

    fn hear(&mut self, update: &EdgeUpdate<'_>, start: Instant) {
        let table = update.table;
        let effect = |place: &usize| match table.cells[*place] {
            Cell::Estimate(value) => Some((value - table.base()).abs()),
            _ => None,
        };
        let mut estimated: Vec<_> = update
            .changed
            .iter()
            .filter(|p| effect(p).is_some())
            .collect();
        if !estimated.is_empty() {
            estimated.sort_by(|a, b| effect(b).partial_cmp(&effect(a)).expect("finite estimates"));
            self.left.extend(estimated.into_iter().take(Self::N));
            return;
        }
        let before = self.left.len();
        update.changed.iter().for_each(|place| {
            self.left.remove(place);
        });
        if before > 0 && self.left.is_empty() {
            self.seconds = Some(start.elapsed().as_secs_f64());
        }
    }
}

fn main() {
    let args = Args::parse();
    set_up_process().expect("threads");
    let report = pollster::block_on(measure(&args));
    println!("{}", serde_json::to_string(&report).expect("plain numbers"));
}

async fn measure(args: &Args) -> Report {
    let session = directory::load(&args.model, DeviceChoice::Cpu).await;
    let session = session.expect("a model");
    let measured = async |scores| {
        let request = EdgesRequest {
            on: common::request(&args.prompts),
            edges: None,
            options: EdgeOptions {
                patch: Patch {
                    layer_norm: args.layer_norm,
                    ..EdgeOptions::default().patch
                },
                scores,
                ..EdgeOptions::default()
            },
        };
        let mut last = None;
        let mut strongest = Strongest::default();
        let start = Instant::now();
        let edges = session.edges(&request, &NoPause, |update| {
            last = Some(update.progress);
            strongest.hear(&update, start);
            Ok(())
        });
        edges.await.expect("edges");
        let seconds = start.elapsed().as_secs_f64();
        (seconds, strongest.seconds, last.expect("an update"))
    };
    let (eap_seconds, ..) = measured(Scores::Eap).await;
    let (eap_ig_5_seconds, ..) = measured(Scores::EapIg { steps: 5 }).await;
    let (estimate_seconds, ..) = measured(Scores::Estimate).await;
    let (seconds, strongest, last) = measured(Scores::Exact).await;
    Report {
        edges: last.done,
        seconds,
        estimate_seconds,
        strongest_seconds: strongest.expect("the strongest"),
        eap_seconds,
        eap_ig_5_seconds,
        flops: last.flops,
        max_estimate_error: last.max_estimate_error.expect("estimates"),
    }
}
