//! Checks whether a model fits into memory before its weights are downloaded.

use crate::error::{Code, Error, Result};

/// The largest memory of a WebAssembly module, in bytes: its addresses have 32 bits.
pub const WASM_MEMORY: u64 = 1 << 32;

/// Memory for loading and running besides the weights, in bytes: a second copy of a block while it is processed, the
/// keys and values of both runs, the activations of a step.
const WORKING_MEMORY: u64 = 1 << 30;

/// Check that weights fit into a memory, both in bytes. Take the weights from
/// [`Config::weight_bytes`](crate::gpt2::Config::weight_bytes): loaded as f32, they are twice the size of an F16 file.
///
/// # Errors
/// [`Code::Unsupported`].
pub fn fits(weights: u64, memory: u64) -> Result<()> {
    let most = memory.saturating_sub(WORKING_MEMORY);
    if weights <= most {
        return Ok(());
    }
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    let expected = format!("weights of at most {}, as f32", gigabytes(most));
    let got = format!(
        "{}: more than a browser's memory for one module can hold. Weights on a GPU do not count, and the \
         command line has no such limit",
        gigabytes(weights)
    );
    Err(Error::new(Code::Unsupported, "model", expected, got))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpt2::Config;

    fn gpt2(n_layers: usize, d_model: usize) -> Config {
        Config {
            n_layers,
            d_model,
            d_mlp: 4 * d_model,
            ..Config::default()
        }
    }

    #[test]
    fn published_sizes_up_to_large_fit_into_a_browser() {
        for (config, does_fit) in [
            (gpt2(12, 768), true),
            (gpt2(24, 1024), true),
            (gpt2(36, 1280), true),
            (gpt2(48, 1600), false),
        ] {
            assert_eq!(fits(config.weight_bytes(), WASM_MEMORY).is_ok(), does_fit);
        }
        let error = fits(gpt2(48, 1600).weight_bytes(), WASM_MEMORY).unwrap_err();
        assert!(error.got.starts_with("6.2 GB"), "{error}");
        assert!(fits(u64::MAX, 0).is_err());
    }
}
