//! Who holds which layers: such that all have about as much to do in a sweep of the whole graph.

use crate::{
    gpt2::Config,
    patching::graph::{Graph, Stage},
};

/// How much of the last layer's work is done: it has one row of each prompt, and this is for a sweep of five. Of one row, where
/// nothing takes long, two workers do 1.69 and not 2 times as much as one by this; of many rows, 1.88 times.
const LAST: f64 = 0.2;

/// Who holds each layer: the layer with the most work first, to who has the least so far.
pub(super) fn holders(config: &Config, workers: usize) -> Vec<usize> {
    let work = work_by_layer(config);
    let mut layers: Vec<usize> = (0..config.n_layers).collect();
    layers.sort_by(|a, b| work[*b].total_cmp(&work[*a]));
    let mut holders = vec![0; config.n_layers];
    let mut loads = vec![0.0_f64; workers];
    for layer in layers {
        // The last of those with the least: the first has more to do beside.
        let least = (0..workers)
            .rev()
            .min_by(|a, b| loads[*a].total_cmp(&loads[*b]));
        let worker = least.unwrap_or(0);
        loads[worker] += work[layer];
        holders[layer] = worker;
    }
    holders
}

/// Multiply-adds of each layer, in a row of a sweep of the whole graph.
fn work_by_layer(config: &Config) -> Vec<f64> {
    let graph = Graph::of(config);
    let [d, head, mlp] = [config.d_model, config.d_head, config.d_mlp].map(|n| n as f64);
    let mut entered = 0.0;
    let of_layer = |layer| {
        let edges = |stage: Stage, receivers: usize| {
            let before = graph.senders().filter(|sender| sender.writes() <= stage);
            (before.count() * receivers) as f64
        };
        let into_heads = edges(Stage::pre(layer), 3 * config.n_heads);
        let into_mlp = edges(Stage::mid(layer), 1);
        let work = into_heads * (2.0 * d * head + head * mlp + mlp * d)
            + into_mlp * 2.0 * d * mlp
            + entered * (4.0 * d * d + 2.0 * d * mlp);
        entered += into_heads + into_mlp;
        match layer + 1 == config.n_layers {
            true => work * LAST,
            false => work,
        }
    };
    (0..config.n_layers).map(of_layer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_about_as_much_to_do_and_all_layers_are_held() {
        let config = Config::default();
        let work = work_by_layer(&config);
        let all: f64 = work.iter().sum();
        assert_eq!(holders(&config, 1), vec![0; 12]);
        for (workers, most) in [(2, 1.05), (3, 1.1), (4, 1.1)] {
            let holders = holders(&config, workers);
            for worker in 0..workers {
                let held = (0..12).filter(|layer| holders[*layer] == worker);
                let load: f64 = held.map(|layer| work[layer]).sum();
                assert!(
                    load > 0.0 && load < most * all / workers as f64,
                    "{holders:?}"
                );
            }
        }
        // More workers than layers with work.
        assert!(holders(&config, 20).iter().all(|worker| *worker < 20));
    }
}
