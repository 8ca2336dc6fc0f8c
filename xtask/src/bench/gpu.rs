//! All edges of the graph on GPUs: natively through Vulkan or what the system has, and in Chromium by `bench.html`.

use anyhow::Result;

use super::{
    checkpoint::{self, DEMO},
    runners::{self, OnGpu},
};
use crate::{browsers, run::run, site, vulkan};

/// Seconds after which a sweep is stopped.
const LIMIT: f64 = 60.0;
/// Operations a second of a bare product below which GPT-2 small's size would take too long.
const LEAST_RATE: f64 = 1e10;

/// Measure on every adapter, and print a table.
pub fn gpu() -> Result<()> {
    let model = checkpoint::random_gpt2(12)?;
    let prompts = checkpoint::prompts(15, 10, 1)?;
    let induction = checkpoint::demo_prompts(0)?;
    println!(
        "| adapter | model | edges | load | first sweep | second | GFLOPS | of best bare product | products, GFLOPS | \
         largest difference from the CPU |\n\
         | --- | --- | --: | --: | --: | --: | --: | --: | --- | --: |"
    );
    // The system's own choice, then those that compute on the CPU where they are others.
    let drivers = [None].into_iter().chain(vulkan::software().map(Some));
    let (mut seen, mut used) = (Vec::new(), Vec::new());
    for driver in drivers {
        let bundled = runners::gpu(DEMO, &induction, LIMIT, true, driver.as_deref())?;
        if seen.contains(&bundled.adapter) {
            continue;
        }
        println!("{}", row("bundled, induction", &bundled));
        if bundled.best() < LEAST_RATE {
            println!("| | GPT-2 small's size: left out, it would take too long | | | | | | | | |");
        } else {
            let swept = runners::gpu(&model, &prompts, LIMIT, false, driver.as_deref())?;
            println!("{}", row("GPT-2 small's size, 15 tokens", &swept));
        }
        seen.push(bundled.adapter);
        used.push(driver);
    }
    println!(
        "\n| adapter | d_model, d_mlp | bare products, GFLOPS (races won) | right |\n\
         | --- | --- | --- | --: |"
    );
    for driver in used {
        runners::race(driver.as_deref())?;
    }
    println!("\nbench.html in Chromium:");
    let chromium = browsers::chromium()?;
    site::build()?;
    run("node", &["benches/bench_page.mjs", &chromium, site::SITE])
}

fn row(model: &str, swept: &OnGpu) -> String {
    let rate = swept.flops / swept.second_seconds;
    let mark = if swept.projected { "≈ " } else { "" };
    let products = swept.products.iter().map(|(name, rate)| {
        let chosen = if *name == swept.matmul {
            " (chosen)"
        } else {
            ""
        };
        format!("{name} {:.1}{chosen}", rate / 1e9)
    });
    format!(
        "| {} | {model} | {} | {:.1} s | {mark}{:.2} s | {mark}{:.2} s | {:.1} | {:.0}% | {} | {} |",
        swept.adapter.as_deref().unwrap_or_default(),
        swept.edges,
        swept.load_seconds,
        swept.first_seconds,
        swept.second_seconds,
        rate / 1e9,
        100.0 * rate / swept.best(),
        products.collect::<Vec<_>>().join(", "),
        swept
            .largest_difference
            .map_or(String::new(), |difference| format!("{difference:.1e}")),
    )
}
