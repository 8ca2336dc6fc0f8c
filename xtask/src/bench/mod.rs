//! The sweep, measured: native, in a browser, and TransformerLens on the same work, in one run.

pub mod checkpoint;
mod gpu;
mod graph;
mod page;
mod previous;
mod runners;
mod sweeps;
mod workers;

use anyhow::{Result, bail};

use crate::{
    run::{WITHOUT_WEBGPU, cargo, run, run_with},
    setup,
};
pub use gpu::gpu;
pub use graph::graph;
pub use page::page;
use runners::{Peer, Sweep};
pub use sweeps::sweeps;
pub use workers::workers;

/// Where the built site has it.
const DEMO_ON_SITE: &str = "models/ioi-demo";
const GPT2_HEADS: usize = 12;
/// Seconds after which a sweep in the browser is stopped; its own estimate of the time left is then added.
const LIMIT: u32 = 150;
/// Largest difference to the peer's values, in logits.
const TOLERANCE: f64 = 1e-3;

/// Run everything and print one table.
pub fn all() -> Result<()> {
    let model = checkpoint::random_gpt2(12)?;
    let half = checkpoint::random_gpt2(6)?;
    let short = checkpoint::prompts(15, 10, 1)?;
    let long = checkpoint::prompts(60, 10, 1)?;
    let many = checkpoint::prompts(15, 10, 8)?;
    let [induction, indirect] = [checkpoint::demo_prompts(0)?, checkpoint::demo_prompts(1)?];
    runners::set_up_peers()?;
    let (model, half) = (model.as_str(), half.as_str());
    let site = runners::site(model)?;

    let native = runners::native(model, &short, "frozen")?;
    let exact = runners::native(model, &short, "exact")?;
    let peers = [
        (runners::peer("3.9", model, &short)?, &native),
        (runners::peer("4.3", model, &short)?, &exact),
    ];
    for (peer, ours) in &peers {
        let worst = largest_difference(peer, ours);
        println!(
            "transformer-lens {}: {:.0} ms an edge; {} edges differ from ours by at most {worst:.1e}",
            peer.version,
            1e3 * peer.seconds_per_edge,
            peer.edges.len(),
        );
        if worst.is_nan() || worst > TOLERANCE {
            bail!("that is more than {TOLERANCE:e}");
        }
    }
    let per_edge = peers.iter().map(|(peer, _)| peer.seconds_per_edge);
    let per_edge = per_edge.fold(f64::INFINITY, f64::min);

    println!(
        "\n| where | what | full sweep | edges/s | × peer | estimates | GFLOP | GFLOPS | of bare product | \
         Spearman | top 20 | peak memory | cancel |\n\
         | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    );
    let print = |place, work, sweep: Sweep, per_edge| {
        println!("{}", row(place, work, &sweep, per_edge));
    };
    const SHORT: &str = "GPT-2 small, 15 tokens";
    const LONG: &str = "GPT-2 small, 60 tokens";
    const INDUCTION: &str = "bundled, induction";
    print("native", SHORT, native, Some(per_edge));
    print("native, exact LayerNorm", SHORT, exact, Some(per_edge));
    for (work, model, prompts) in [
        (LONG, model, &long),
        ("GPT-2 small, 15 tokens, 8 pairs", model, &many),
        ("half as many layers, 15 tokens", half, &short),
        (INDUCTION, checkpoint::DEMO, &induction),
        ("bundled, indirect object", checkpoint::DEMO, &indirect),
    ] {
        let sweep = runners::native(model, prompts, "frozen")?;
        print("native", work, sweep, None);
    }
    for (place, device, work, model, prompts, per_edge) in [
        (
            "Chromium, CPU",
            "cpu",
            SHORT,
            "model",
            &short,
            Some(per_edge),
        ),
        ("Chromium, CPU", "cpu", LONG, "model", &long, None),
        (
            "Chromium, CPU",
            "cpu",
            INDUCTION,
            DEMO_ON_SITE,
            &induction,
            None,
        ),
        (
            "Chromium, WebGPU",
            "webgpu",
            INDUCTION,
            DEMO_ON_SITE,
            &induction,
            None,
        ),
    ] {
        let sweep = runners::browser(site, device, model, prompts, LIMIT)?;
        print(place, work, sweep, per_edge);
    }
    Ok(())
}

/// Run the Python that the page copies against TransformerLens's versions, and compare; have EAP-IG read our graph.
pub fn check_code() -> Result<()> {
    runners::set_up_peers()?;
    setup::npm_packages()?;
    cargo(&[
        "build",
        "--locked",
        "--package",
        "pathpatch-cli",
        WITHOUT_WEBGPU,
    ])?;
    let python = "target/bench/venv/bin/python";
    run_copied("benches/peer/check_code.mjs", python)?;
    check_graph(python)
}

/// Write the graph of the bundled model, its 10 strongest edges marked, and have it read.
fn check_graph(python: &str) -> Result<()> {
    const DIRECTORY: &str = "target/check-code";
    let pair = [
        ["--clean-ids", "0,311,129,96,422,242,131,311"],
        ["--corrupted-ids", "0,279,129,96,422,242,131,311"],
        ["--answer-id", "129"],
        ["--distractor-id", "131"],
    ];
    let [json, npy] = ["json", "npy"].map(|kind| format!("{DIRECTORY}/graph.{kind}"));
    for file in [&json, &npy] {
        // Estimates, so that every edge is in the file and some are not in the circuit.
        let how = ["--scores", "estimate", "--strongest", "10", "--out", file];
        let call = ["graph", "--device", "cpu", "--model", checkpoint::DEMO];
        run(
            "target/debug/pathpatch",
            &[&call[..], pair.as_flattened(), &how].concat(),
        )?;
    }
    let mut arguments = vec!["benches/peer/check_graph.py", &json, &npy];
    let has_eap_ig = runners::set_up_eap_ig();
    if has_eap_ig {
        arguments.push("eap-ig");
    }
    // EAP-IG imports names that TransformerLens 4 no longer has.
    let variables = [("PYTHONPATH", runners::OLDER_PEER.to_string())];
    run_with(python, &arguments, &variables)?;
    if has_eap_ig {
        run_copied("benches/peer/check_eap_ig.mjs", python)?;
    }
    Ok(())
}

/// A check that runs the Python that the page copies, and compares it with the command line.
fn run_copied(check: &str, python: &str) -> Result<()> {
    run(
        "node",
        &[check, "target/debug/pathpatch", python, runners::OLDER_PEER],
    )
}

fn row(place: &str, work: &str, sweep: &Sweep, per_edge: Option<f64>) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_default();
    let rate = sweep.flops / sweep.seconds;
    let cells = [
        place.to_string(),
        work.to_string(),
        format!(
            "{}{}",
            if sweep.projected { "≈ " } else { "" },
            seconds(sweep.seconds)
        ),
        format!("{:.0}", sweep.edges as f64 / sweep.seconds),
        or_none(per_edge.map(|s| format!("{:.0}", s * sweep.edges as f64 / sweep.seconds))),
        seconds(sweep.estimate_seconds),
        format!("{:.1}", sweep.flops / 1e9),
        format!("{:.1}", rate / 1e9),
        format!("{:.0}%", 100.0 * rate / sweep.matmul_flops_per_second),
        or_none(sweep.spearman.map(|s| format!("{s:.3}"))),
        or_none(sweep.top_20.map(|n| n.to_string())),
        or_none(
            sweep
                .peak_memory
                .map(|bytes| format!("{:.0} MB", bytes / 1e6)),
        ),
        or_none(sweep.slowest_cancel_ms.map(|ms| format!("{ms:.0} ms"))),
    ];
    format!("| {} |", cells.join(" | "))
}

/// Seconds, or milliseconds where they are few.
fn seconds(seconds: f64) -> String {
    if seconds < 0.1 {
        return format!("{:.1} ms", 1e3 * seconds);
    }
    format!("{seconds:.2} s")
}

/// Over the peer's edges; NaN where we have no value.
fn largest_difference(peer: &Peer, ours: &Sweep) -> f64 {
    let layers = ours.values.len().isqrt() / GPT2_HEADS;
    let value = |sl, sh, dl, dh| {
        let index = ((sl * GPT2_HEADS + sh) * layers + dl) * GPT2_HEADS + dh;
        ours.values
            .get(index)
            .copied()
            .flatten()
            .unwrap_or(f64::NAN)
    };
    let differences = peer.edges.iter();
    let differences =
        differences.map(|&(sl, sh, dl, dh, theirs)| (value(sl, sh, dl, dh) - theirs).abs());
    differences.fold(0.0, |most, d| if d.is_nan() || d > most { d } else { most })
}
