//! The tensors of a GPT-2 checkpoint in Hugging Face's layout, and the ones that may be passed over.

use crate::gpt2::Config;

/// Some writers put this before every name but `lm_head.weight`.
const PREFIX: &str = "transformer.";

/// The embedding, `[d_vocab, d_model]`.
pub const WTE: &str = "wte.weight";
/// The untied unembedding, `[d_vocab, d_model]`.
pub const LM_HEAD: &str = "lm_head.weight";

/// The tensors of a block: the name of each in it, and its shape.
pub fn block(config: &Config) -> [(&'static str, Vec<usize>); 12] {
    let (d, m) = (config.d_model, config.d_mlp);
    [
        ("ln_1.weight", vec![d]),
        ("ln_1.bias", vec![d]),
        ("attn.c_attn.weight", vec![d, 3 * d]),
        ("attn.c_attn.bias", vec![3 * d]),
        ("attn.c_proj.weight", vec![d, d]),
        ("attn.c_proj.bias", vec![d]),
        ("ln_2.weight", vec![d]),
        ("ln_2.bias", vec![d]),
        ("mlp.c_fc.weight", vec![d, m]),
        ("mlp.c_fc.bias", vec![m]),
        ("mlp.c_proj.weight", vec![m, d]),
        ("mlp.c_proj.bias", vec![d]),
    ]
}

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
    let d = config.d_model;
    let mut tensors = vec![
        (WTE.to_string(), vec![config.d_vocab, d]),
        ("wpe.weight".to_string(), vec![config.n_ctx, d]),
    ];
    for layer in 0..config.n_layers {
        let block = block(config).into_iter();
        tensors.extend(block.map(|(tensor, shape)| (of_block(layer, tensor), shape)));
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
