//! All edges of the graph, beside the edges between heads in an earlier version, in one run.

use anyhow::{Result, ensure};

use super::{checkpoint, previous, runners};

const COMPONENTS: [&str; 3] = ["q", "k", "v"];
/// How often each is measured, in turns, so that both meet the same noise. The least time counts.
const ROUNDS: usize = 2;

/// Measure both on a checkpoint of GPT-2 small's size, and print a table.
pub fn graph() -> Result<()> {
    let model = checkpoint::random_gpt2(12)?;
    let prompts = checkpoint::prompts(15, 10, 1)?;
    previous::set_up()?;
    println!(
        "GPT-2 small's size, random weights, one pair of 15 tokens that differ from the 11th on\n\n\
         | LayerNorm | {}: q, k and v | all edges | ratio | estimates | 500 strongest exact | EAP | EAP-IG, 5 steps | largest error of an estimate |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: |",
        previous::COMMIT
    );
    for layer_norm in ["frozen", "exact"] {
        let (mut before, mut now) = (f64::INFINITY, f64::INFINITY);
        let (mut edges_before, mut last) = (0, None);
        for _ in 0..ROUNDS {
            let graph = runners::graph(&model, &prompts, layer_norm)?;
            now = now.min(graph.seconds);
            last = Some(graph);
            let sweeps = COMPONENTS.map(|c| previous::sweep(&model, &prompts, c, layer_norm));
            let sweeps = sweeps.into_iter().collect::<Result<Vec<_>>>()?;
            before = before.min(sweeps.iter().map(|sweep| sweep.seconds).sum());
            edges_before = sweeps.iter().map(|sweep| sweep.edges).sum();
        }
        let Some(graph) = last else { continue };
        ensure!(
            graph.edges > edges_before,
            "expected more edges than {edges_before}, got {}",
            graph.edges
        );
        println!(
            "| {layer_norm} | {edges_before} edges, {before:.1} s | {} edges, {now:.1} s | {:.2} | {:.2} s | {:.2} s | {:.2} s | {:.2} s | {:.3} |",
            graph.edges,
            now / before,
            graph.estimate_seconds,
            graph.strongest_seconds,
            graph.eap_seconds,
            graph.eap_ig_5_seconds,
            graph.max_estimate_error,
        );
    }
    Ok(())
}
