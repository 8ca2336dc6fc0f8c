//! Whether the race at load finds the fastest product: it is run ten times for models of several widths, beside the rates of
//! all products in turns. Rows of a table; `cargo xtask bench --gpu` prints it for every adapter that it finds.

use std::collections::BTreeMap;

use pathpatch::{
    device::{self, DeviceChoice, WeightType},
    gpt2::Config,
    pause::NoPause,
    rate::{BareProducts, choose_product, matmul_rate, products},
};

const RACES: usize = 10;
/// Widths of the residual stream and of the MLP's hidden layer; the first are the bundled models'.
const WIDTHS: [[usize; 2]; 3] = [[128, 4], [256, 1024], [768, 3072]];
/// Numbers of rows of both widths together in a bare product: fewer rows for wide models, so that adapters which compute on
/// the CPU come to an end.
const NUMBERS: usize = 1 << 18;
/// How often each product is timed.
const ROUNDS: usize = 3;
/// A choice is right if its product has at least this share of the best one's rate: what is left is noise.
const RIGHT: f64 = 0.9;

fn main() {
    pollster::block_on(measure());
}

async fn measure() {
    let (device, report) = device::open(DeviceChoice::WebGpu)
        .await
        .expect("an adapter");
    let adapter = report.adapter.unwrap_or_default();
    for [d_model, d_mlp] in WIDTHS {
        let config = Config {
            d_model,
            d_mlp,
            ..Config::default()
        };
        let mut chosen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut choices = Vec::new();
        for _ in 0..RACES {
            let raced = choose_product(&device, &config, WeightType::F32).await;
            let (product, _) = raced.expect("a product");
            *chosen.entry(product.name()).or_default() += 1;
            choices = products(product);
        }
        let rows = NUMBERS / (d_model + d_mlp);
        let bare = BareProducts::new(&device, &config, WeightType::F32, rows);
        let mut rates: BTreeMap<&str, f64> = BTreeMap::new();
        for product in [&choices[..]; ROUNDS].concat() {
            let rate = matmul_rate(&bare, product, &NoPause).await;
            let best = rates.entry(product.name()).or_default();
            *best = best.max(rate.expect("a rate"));
        }
        let best = rates.values().copied().fold(0.0, f64::max);
        let right: usize = chosen
            .iter()
            .map(|(name, n)| if rates[name] >= RIGHT * best { *n } else { 0 })
            .sum();
        let rates = rates.iter().map(|(name, rate)| {
            let times = chosen.get(name).copied().unwrap_or_default();
            format!("{name} {:.2} ({times})", rate / 1e9)
        });
        let rates: Vec<String> = rates.collect();
        println!(
            "| {adapter} | {d_model}, {d_mlp} | {} | {right} of {RACES} |",
            rates.join(", ")
        );
    }
}
