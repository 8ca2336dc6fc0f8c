//! How much memory patching takes beside the weights, and how much work lies between two pauses.
//!
//! Two budgets, whatever the number of prompts and their length:
//!
//! * [`Memory::runs`] is for what is kept of the clean and the corrupted run: `8 n_layers d_model` bytes a token, 74 kB
//!   for GPT-2 small. A batch that takes more is run some prompts at a time, and those runs are done again when
//!   their turn comes again.
//! * [`Memory::step`] is for the activations of one step, and says how many rows a step has: edges, prompts and, in
//!   long prompts, positions are cut to fit. Logits over the whole vocabulary may take twice as much.
//!
//! The smallest parts are one prompt of the runs, one row of a product and one head's attention in one prompt, however
//! small the budgets. With the temporaries of Burn's operations a computation holds, at its peak, the runs' budget and
//! twelve times the step's, which `tests/memory` holds it to.

use burn::tensor::Device;

use crate::gpt2::{Config, on_cpu};

/// What patching may hold beside the weights, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// For what is kept of the two runs.
    pub runs: usize,
    /// For the activations of one step.
    pub step: usize,
}

/// Floating-point operations of the largest product of a step in a browser: 0.12 s at 20 GFLOPS, so that a
/// cancel is heard within 0.2 s.
const OPERATIONS: f64 = 2.4e9;

const MEGABYTE: usize = 1 << 20;

impl Memory {
    /// What suits a device.
    ///
    /// In a browser's CPU 96 MB of runs, 14 prompts of 60 tokens of GPT-2 small, and steps of 6 MB, 255 rows: a
    /// cancel waits for a step to end. On other CPUs steps of 32 MB, 1,360 rows: fewer leave the matrix products
    /// short, more fall out of the caches. On a GPU steps of 128 MB, the largest buffer that WebGPU promises.
    pub fn of(device: &Device) -> Self {
        let [runs, step] = match on_cpu(device) {
            true if cfg!(target_family = "wasm") => [96, 6],
            true => [512, 32],
            false => [256, 128],
        };
        Self {
            runs: runs * MEGABYTE,
            step: step * MEGABYTE,
        }
    }

    /// Numbers that fit a step.
    pub(super) fn floats(self) -> usize {
        self.step / size_of::<f32>()
    }

    /// Rows of a step; at least 1.
    pub(super) fn rows(self, config: &Config, on_cpu: bool) -> usize {
        let rows = self.floats() / floats_of_row(config, on_cpu);
        let in_browser = on_cpu && cfg!(target_family = "wasm");
        let in_time = OPERATIONS / (4.0 * (config.d_model * config.d_mlp) as f64);
        let most = if in_browser { in_time as usize } else { rows };
        rows.min(most).max(1)
    }

    /// Rows of logits over so many tokens: each comes with two copies for a softmax, and may take twice what a
    /// step may, since a product with a large table wants more rows.
    pub(super) fn rows_of_logits(self, tokens: usize) -> usize {
        (2 * self.floats() / (3 * tokens.max(1))).max(1)
    }
}

/// Numbers that a row holds at the widest moment: the residual stream and its normalised copy beside the MLP's
/// hidden layer, of which Burn's operations keep up to four copies where ours on the CPU keep one.
pub(super) fn floats_of_row(config: &Config, on_cpu: bool) -> usize {
    let hidden = if on_cpu { 1 } else { 4 };
    4 * config.d_model + hidden * config.d_mlp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_a_row_and_a_longer_one_more() {
        let json =
            r#"{"n_layer": 2, "n_head": 12, "n_embd": 768, "n_positions": 8, "vocab_size": 9}"#;
        let config = Config::from_json(json.as_bytes()).unwrap();
        let rows = |step| Memory { runs: 0, step }.rows(&config, true);
        assert_eq!(rows(0), 1);
        assert!(rows(32 * MEGABYTE) > 5 * rows(6 * MEGABYTE));
        let memory = Memory { runs: 0, step: 0 };
        assert_eq!(memory.rows_of_logits(50_257), 1);
        assert_eq!(memory.rows_of_logits(0), 1);
    }
}
