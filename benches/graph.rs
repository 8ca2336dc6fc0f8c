//! Every edge of a checkpoint's graph, timed: one line of JSON.
//!
//! `cargo xtask bench --graph` runs it on a checkpoint of GPT-2 small's size and puts it beside what the edges between
//! heads took in an earlier version.

mod common;

use std::{path::PathBuf, time::Instant};

use clap::Parser;
use pathpatch::{
    device::DeviceChoice,
    directory,
    patching::{EdgeOptions, LayerNorm, Patch, Scores},
    pause::NoPause,
    session::EdgesRequest,
};
use pathpatch_cli::keep_freed_memory;
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
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// What cargo passes to a bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Serialize)]
struct Report {
    edges: usize,
    /// Both runs, estimates of all edges and their exact values.
    seconds: f64,
    /// Both runs and the estimates alone, by kind.
    estimate_seconds: f64,
    eap_seconds: f64,
    eap_ig_5_seconds: f64,
    flops: f64,
    max_estimate_error: f32,
}

fn main() {
    let args = Args::parse();
    keep_freed_memory();
    let report = pollster::block_on(measure(&args));
    println!("{}", serde_json::to_string(&report).expect("plain numbers"));
}

async fn measure(args: &Args) -> Report {
    let session = directory::load(&args.model, args.device).await;
    let session = session.expect("a model");
    let seconds = async |scores| {
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
        let start = Instant::now();
        let edges = session.edges(&request, &NoPause, |update| {
            last = Some(update.progress);
            Ok(())
        });
        edges.await.expect("edges");
        (start.elapsed().as_secs_f64(), last.expect("an update"))
    };
    let (eap_seconds, _) = seconds(Scores::Eap).await;
    let (eap_ig_5_seconds, _) = seconds(Scores::EapIg { steps: 5 }).await;
    let (estimate_seconds, _) = seconds(Scores::Estimate).await;
    let (seconds, last) = seconds(Scores::Exact).await;
    Report {
        edges: last.done,
        seconds,
        estimate_seconds,
        eap_seconds,
        eap_ig_5_seconds,
        flops: last.flops,
        max_estimate_error: last.max_estimate_error.expect("estimates"),
    }
}
