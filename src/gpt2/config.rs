//! `config.json` of a `GPT2LMHeadModel`: the fields that shape the computation, checked.
//!
//! A field that would change the maths in a way this crate does not implement is an error that names it;
//! fields without influence on inference (dropout, initialisation, generation settings) are passed over.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Code, Error, Result};

/// The shape of a GPT-2, by TransformerLens's names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Number of transformer blocks.
    pub n_layers: usize,
    /// Attention heads in a block.
    pub n_heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of a head: `d_model / n_heads`.
    pub d_head: usize,
    /// Hidden width of the MLP.
    pub d_mlp: usize,
    /// Longest prompt, in tokens.
    pub n_ctx: usize,
    /// Number of tokens.
    pub d_vocab: usize,
    /// Added to the variance under LayerNorm's root.
    pub eps: f64,
    /// The token that is prepended to a text, if the model has one.
    pub bos_token_id: Option<u32>,
    /// Whether the unembedding is the embedding, transposed.
    pub tie_word_embeddings: bool,
}

/// The fields of `config.json` that matter, with the defaults of `transformers.GPT2Config`.
#[derive(Deserialize)]
struct Raw {
    model_type: Option<String>,
    n_layer: usize,
    n_head: usize,
    n_embd: usize,
    n_inner: Option<usize>,
    n_positions: usize,
    vocab_size: usize,
    #[serde(default = "default_eps")]
    layer_norm_epsilon: f64,
    #[serde(default = "default_activation")]
    activation_function: String,
    #[serde(default = "default_true")]
    scale_attn_weights: bool,
    #[serde(default)]
    scale_attn_by_inverse_layer_idx: bool,
    #[serde(default)]
    add_cross_attention: bool,
    #[serde(default = "default_true")]
    tie_word_embeddings: bool,
    #[serde(default)]
    pruned_heads: Value,
    #[serde(default)]
    quantization_config: Value,
    #[serde(default = "default_bos")]
    bos_token_id: Option<u32>,
}

fn default_eps() -> f64 {
    1e-5
}

fn default_activation() -> String {
    "gelu_new".into()
}

fn default_true() -> bool {
    true
}

fn default_bos() -> Option<u32> {
    Some(50256)
}

/// Two names of one formula: GELU by tanh.
const ACTIVATIONS: [&str; 2] = ["gelu_new", "gelu_pytorch_tanh"];

impl Config {
    /// Read and check the bytes of a `config.json`.
    ///
    /// # Errors
    /// [`Code::Config`] when the file is not JSON, lacks a field, describes another architecture, or
    /// sets a field whose effect is not implemented.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let raw: Raw = serde_json::from_slice(bytes).map_err(|e| {
            Error::new(
                Code::Config,
                "config.json",
                "the configuration of a GPT-2 model",
                e,
            )
        })?;
        raw.check()?;
        let bos_in_vocab = |id: &u32| (*id as usize) < raw.vocab_size;
        Ok(Self {
            n_layers: raw.n_layer,
            n_heads: raw.n_head,
            d_model: raw.n_embd,
            d_head: raw.n_embd / raw.n_head,
            d_mlp: raw.n_inner.unwrap_or(4 * raw.n_embd),
            n_ctx: raw.n_positions,
            d_vocab: raw.vocab_size,
            eps: raw.layer_norm_epsilon,
            bos_token_id: raw.bos_token_id.filter(bos_in_vocab),
            tie_word_embeddings: raw.tie_word_embeddings,
        })
    }

    /// Parameters of the checkpoint, an untied unembedding included.
    pub fn n_params(&self) -> usize {
        let (d, m) = (self.d_model, self.d_mlp);
        let attn = d * 3 * d + 3 * d + d * d + d;
        let mlp = 2 * d * m + m + d;
        let norms = 4 * d;
        let embeddings = (self.d_vocab + self.n_ctx) * d;
        let lm_head = if self.tie_word_embeddings {
            0
        } else {
            self.d_vocab * d
        };
        self.n_layers * (attn + mlp + norms) + embeddings + 2 * d + lm_head
    }
}

impl Raw {
    fn check(&self) -> Result<()> {
        let fail = |field: &str, expected: &str, got: &dyn std::fmt::Display| {
            Err(Error::new(
                Code::Config,
                format!("config.json field {field}"),
                expected,
                got,
            ))
        };
        if let Some(model_type) = &self.model_type
            && model_type != "gpt2"
        {
            return fail("model_type", "gpt2", model_type);
        }
        for (field, value) in [
            ("n_layer", self.n_layer),
            ("n_head", self.n_head),
            ("n_embd", self.n_embd),
            ("n_inner", self.n_inner.unwrap_or(1)),
            ("n_positions", self.n_positions),
            ("vocab_size", self.vocab_size),
        ] {
            if value == 0 {
                return fail(field, "at least 1", &value);
            }
        }
        if !self.n_embd.is_multiple_of(self.n_head) {
            return fail(
                "n_embd",
                &format!("a multiple of n_head ({})", self.n_head),
                &self.n_embd,
            );
        }
        if !(self.layer_norm_epsilon.is_finite() && self.layer_norm_epsilon >= 0.0) {
            return fail(
                "layer_norm_epsilon",
                "a number of at least 0",
                &self.layer_norm_epsilon,
            );
        }
        if !ACTIVATIONS.contains(&self.activation_function.as_str()) {
            return fail(
                "activation_function",
                &ACTIVATIONS.join(" or "),
                &self.activation_function,
            );
        }
        if !self.scale_attn_weights {
            return fail("scale_attn_weights", "true", &false);
        }
        if self.scale_attn_by_inverse_layer_idx {
            return fail("scale_attn_by_inverse_layer_idx", "false", &true);
        }
        if self.add_cross_attention {
            return fail("add_cross_attention", "false", &true);
        }
        if self.pruned_heads.as_object().is_some_and(|p| !p.is_empty()) {
            return fail("pruned_heads", "none", &self.pruned_heads);
        }
        if !self.quantization_config.is_null() {
            return fail(
                "quantization_config",
                "none (f32, f16 or bf16 weights)",
                &self.quantization_config,
            );
        }
        Ok(())
    }
}
