//! The tensors of a GPT-2 checkpoint in Hugging Face's layout, and the ones that may be passed over.

use crate::gpt2::Config;

/// Some writers put this before every name but `lm_head.weight`.
const PREFIX: &str = "transformer.";

/// The embedding, `[d_vocab, d_model]`.
pub const WTE: &str = "wte.weight";
/// The untied unembedding, `[d_vocab, d_model]`.
pub const LM_HEAD: &str = "lm_head.weight";

/// The tensors of a block, by their names in it.
pub const BLOCK: [&str; 12] = [
    "ln_1.weight",
    "ln_1.bias",
    "attn.c_attn.weight",
    "attn.c_attn.bias",
    "attn.c_proj.weight",
    "attn.c_proj.bias",
    "ln_2.weight",
    "ln_2.bias",
    "mlp.c_fc.weight",
    "mlp.c_fc.bias",
    "mlp.c_proj.weight",
    "mlp.c_proj.bias",
];

/// The full name of a block's tensor.
pub fn of_block(layer: usize, tensor: &str) -> String {
    format!("h.{layer}.{tensor}")
}

/// The block that a tensor belongs to.
pub fn layer(name: &str) -> Option<usize> {
    let (layer, _) = name.strip_prefix("h.")?.split_once('.')?;
    layer.parse().ok()
}

/// Whether a tensor has a row a token, and may be too large for one buffer.
pub fn is_table(name: &str) -> bool {
    name == WTE || name == LM_HEAD
}

/// Name, without prefix, and shape of every tensor the model needs.
pub fn expected(config: &Config) -> Vec<(String, Vec<usize>)> {
    let (d, m) = (config.d_model, config.d_mlp);
    let mut tensors = vec![
        (WTE.to_string(), vec![config.d_vocab, d]),
        ("wpe.weight".to_string(), vec![config.n_ctx, d]),
    ];
    for layer in 0..config.n_layers {
        let shapes = [
            vec![d],
            vec![d],
            vec![d, 3 * d],
            vec![3 * d],
            vec![d, d],
            vec![d],
            vec![d],
            vec![d],
            vec![d, m],
            vec![m],
            vec![m, d],
            vec![d],
        ];
        let names = BLOCK.map(|tensor| of_block(layer, tensor));
        tensors.extend(names.into_iter().zip(shapes));
    }
    tensors.push(("ln_f.weight".into(), vec![d]));
    tensors.push(("ln_f.bias".into(), vec![d]));
    if !config.tie_word_embeddings {
        tensors.push((LM_HEAD.into(), vec![config.d_vocab, d]));
    }
    tensors
}

/// The name without its prefix.
pub fn strip(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// Whether a tensor that the model does not need may stand in the file: the causal mask's buffers
/// (`h.N.attn.bias`, `h.N.attn.masked_bias`), or the embedding repeated as the unembedding.
pub fn may_skip(name: &str, config: &Config) -> bool {
    let is_mask = |layer: usize| {
        let masks = ["attn.bias", "attn.masked_bias"].map(|mask| of_block(layer, mask));
        layer < config.n_layers && masks.iter().any(|mask| mask == name)
    };
    (name == LM_HEAD && config.tie_word_embeddings) || layer(name).is_some_and(is_mask)
}
