//! How much memory patching takes beside the weights, and how much work lies between two pauses.
//!
//! Two budgets, whatever the number of prompts and their length:
//!
//! * [`Memory::runs`] is for what is kept of the clean and the corrupted run: `12 n_layers d_model` bytes a token, 111 kB
//!   for GPT-2 small. A batch that takes more is run some prompts at a time, and these runs are repeated whenever they
//!   are needed again. What they leave goes to what is made of them once: what destination layers start from, what
//!   senders write, then on the CPU `W_O W_in` of the layers that most edges enter, 9.4 MB each for GPT-2 small.
//! * [`Memory::step`] is for the activations of one step, and says how many rows a step has: edges, prompts and, in
//!   long prompts, positions are cut to fit. Logits over the whole vocabulary may take twice as much.
//!
//! Several workers of one model need more: chunks of edges wait until the worker that holds their next layer takes them. They
//! take at most four times [`Memory::step`], or as much as two chunks for each worker if that is more.
//!
//! A pair that is looked at is kept for the next look where it takes at most an eighth of [`Memory::runs`], once again.
//! Effects by position are results, and no more are made than fit [`Memory::runs`] once again.
//!
//! The smallest parts are one prompt of the runs, one row of a product and one query of one head in one prompt, however
//! small the budgets. A prompt that takes far more is refused: [`Memory::longest_prompt`]. With the temporaries of Burn's
//! operations a computation holds, at its peak, the runs' budget and twelve times the step's, which `tests/memory` holds
//! it to.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
    ops::{largest_buffer, on_cpu},
};

/// What patching may hold beside the weights, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// For what is kept of the two runs.
    pub runs: usize,
    /// For the activations of one step.
    pub step: usize,
}

/// Floating-point operations of the largest product of a step in a browser: 0.12 s at 20 GFLOPS, so that a
/// cancel takes effect within 0.2 s.
const OPERATIONS: f64 = 2.4e9;

const MEGABYTE: usize = 1 << 20;

/// Tokens of a prompt that is not refused, whatever the budgets: GPT-2's context.
const ALWAYS: usize = 1024;

impl Memory {
    /// What suits a device.
    ///
    /// In a browser's CPU 96 MB of runs, 11 prompts of 60 tokens of GPT-2 small, and steps of 6 MB, 255 rows: a
    /// cancel waits for a step to end. On other CPUs steps of 32 MB, 1,360 rows: fewer leave the matrix products
    /// short, more fall out of the caches. On a GPU steps of 128 MB, the largest buffer that WebGPU promises, or of what the
    /// adapter has where that is less: no tensor of a step is larger than the step.
    pub fn of(device: &Device) -> Self {
        let [runs, step] = match on_cpu(device) {
            true if cfg!(target_family = "wasm") => [96, 6],
            true => [512, 32],
            false => [256, 128],
        };
        let largest = largest_buffer(device).unwrap_or(usize::MAX);
        Self {
            runs: runs * MEGABYTE,
            step: (step * MEGABYTE).min(largest),
        }
    }

    /// Numbers of the residual streams of chunks that wait for other workers: four steps' worth.
    pub(super) fn under_way(self) -> usize {
        4 * self.floats()
    }

    /// Numbers that fit a step.
    pub(super) fn floats(self) -> usize {
        self.step / size_of::<f32>()
    }

    /// Rows of a step; at least 1.
    pub(super) fn rows(self, config: &Config, on_cpu: bool) -> usize {
        let rows = self.floats() / floats_of_row(config);
        let in_browser = on_cpu && cfg!(target_family = "wasm");
        // Each row may be a sequence of its own, and a kernel takes so many workgroups along a dimension.
        let rows = if on_cpu { rows } else { rows.min(65_535) };
        let in_time = OPERATIONS / (4.0 * (config.d_model * config.d_mlp) as f64);
        let most = if in_browser { in_time as usize } else { rows };
        rows.min(most).max(1)
    }

    /// Tokens of the longest prompt that is run: its runs take at most sixteen times their budget, and on a GPU its
    /// queries, keys and values fit one buffer; at least [`ALWAYS`].
    pub(super) fn longest_prompt(self, config: &Config, on_cpu: bool) -> usize {
        let in_memory = self.runs.saturating_mul(16) / bytes_of_token(config);
        let in_buffer = match on_cpu {
            true => usize::MAX,
            false => self.floats() / (3 * config.d_model),
        };
        in_memory.min(in_buffer).max(ALWAYS)
    }

    /// Tokens of the longest prompt whose attention patterns are shown: five of them and four temporaries take at
    /// most twice the runs' budget; at least [`ALWAYS`].
    pub(super) fn longest_pattern(self) -> usize {
        let numbers = self.runs.saturating_mul(2) / (9 * size_of::<f32>());
        numbers.isqrt().max(ALWAYS)
    }

    /// Whether both runs of a prompt of so many tokens are kept with the residual stream at all stages.
    pub(super) fn keeps_look(self, config: &Config, pos: usize) -> bool {
        let stages = 2 * config.n_layers + 1;
        let of_stages = 2 * stages * config.d_model * size_of::<f32>();
        pos.saturating_mul(of_stages + bytes_of_token(config)) <= self.runs / 8
    }

    /// Rows of logits over so many tokens: each comes with two copies for a softmax, and may take twice what a
    /// step may, since a product with a large table wants more rows.
    pub(super) fn rows_of_logits(self, tokens: usize) -> usize {
        (2 * self.floats() / (3 * tokens.max(1))).max(1)
    }
}

/// Numbers that a row holds at the widest moment: the residual stream and its normalised copy beside the MLP's
/// hidden layer.
pub(super) fn floats_of_row(config: &Config) -> usize {
    4 * config.d_model + config.d_mlp
}

/// Bytes that a token of a prompt takes: what is kept of both runs, for each layer the residual stream and the change of
/// what its heads and its MLP write, and for the embedding that; and the activations at the widest moment of a pass.
pub(super) fn bytes_of_token(config: &Config) -> usize {
    (3 * config.n_layers + 13) * config.d_model * size_of::<f32>()
}

/// Bytes of the means of what all senders write at one position.
pub(super) fn bytes_of_mean(config: &Config) -> usize {
    (2 * config.n_layers + 1) * config.d_model * size_of::<f32>()
}

/// Refuse a prompt that is longer than memory allows.
///
/// # Errors
/// [`Code::PromptLength`], which names the number of tokens that fits.
pub(super) fn check_length(tokens: usize, longest: usize, what: &str) -> Result<()> {
    if tokens <= longest {
        return Ok(());
    }
    let expected = format!("at most {longest} tokens {what}, which is what the memory allows");
    Err(Error::new(Code::PromptLength, "prompt", expected, tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prompt_grows_with_the_memory_and_gpt2s_context_always_fits() {
        let json = r#"{"n_layer": 12, "n_head": 12, "n_embd": 768, "n_positions": 1048576}"#;
        let config = Config::from_json(json.as_bytes()).unwrap();
        let memory = |megabytes| Memory {
            runs: megabytes * MEGABYTE,
            step: 128 * MEGABYTE,
        };
        assert_eq!(memory(0).longest_prompt(&config, true), 1024);
        assert_eq!(memory(0).longest_pattern(), 1024);
        // 150,528 bytes a token.
        assert_eq!(memory(96).longest_prompt(&config, true), 10_699);
        assert_eq!(memory(512).longest_prompt(&config, false), 14_563);
        assert_eq!(memory(512).longest_prompt(&config, true), 57_065);
        assert_eq!(memory(96).longest_pattern(), 2_364);
        let error = check_length(1_048_576, 10_699, "up to the position read").unwrap_err();
        assert_eq!(error.code, Code::PromptLength);
        assert!(error.to_string().contains("10699 tokens"), "{error}");
        assert!(check_length(10_699, 10_699, "").is_ok());
    }

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
