//! The tensors of a GPT-2 checkpoint in Hugging Face's layout: which are required, and which are allowed.

use std::collections::{BTreeSet, HashSet};

use crate::gpt2::Config;

/// Name parts that module wrappers insert anywhere in a name: data parallelism, `torch.compile`, sharding and
/// activation checkpointing.
const WRAPPERS: [&str; 5] = [
    "module",
    "_orig_mod",
    "_forward_module",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
];

/// Name parts that models and training tools put in front of the GPT-2 inside them; they can be nested.
const HOLDERS: [&str; 12] = [
    "transformer",
    "model",
    "base_model",
    "pretrained_model",
    "language_model",
    "gpt2",
    "gpt",
    "lm",
    "backbone",
    "net",
    "actor",
    "policy",
];

/// The token embedding, `[d_vocab, d_model]`.
pub const WTE: &str = "wte.weight";
/// The position embedding, `[n_ctx, d_model]`.
pub const WPE: &str = "wpe.weight";
/// The untied unembedding, `[d_vocab, d_model]`.
pub const LM_HEAD: &str = "lm_head.weight";

/// The tensors of a block: name within the block, and shape.
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

/// The block that a tensor belongs to, and its name there.
pub fn in_block(name: &str) -> Option<(usize, &str)> {
    let (layer, tensor) = name.strip_prefix("h.")?.split_once('.')?;
    Some((layer.parse().ok()?, tensor))
}

/// Whether a tensor has one row per token of the vocabulary, and so may be too large for one buffer.
pub fn is_table(name: &str) -> bool {
    name == WTE || name == LM_HEAD
}

/// Canonical name and shape of every tensor that the model needs. A tied model may have `lm_head.weight` instead of
/// `wte.weight`: see [`Role::Needed`].
pub fn expected(config: &Config) -> Vec<(String, Vec<usize>)> {
    let d = config.d_model;
    let mut tensors = vec![
        (WTE.to_string(), vec![config.d_vocab, d]),
        (WPE.to_string(), vec![config.n_ctx, d]),
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

/// The first missing tensor that the model needs, and the number of further missing ones.
pub fn missing(
    config: &Config,
    is_there: impl Fn(&str) -> bool,
) -> Option<((String, Vec<usize>), usize)> {
    let has_tied_table = config.tie_word_embeddings && is_there(LM_HEAD);
    let is_given = |name: &str| is_there(name) || (name == WTE && has_tied_table);
    let mut missing = expected(config)
        .into_iter()
        .filter(|(name, _)| !is_given(name));
    let first = missing.next()?;
    Some((first, missing.count()))
}

/// The name without the parts that wrappers and training tools add.
pub fn canonical(name: &str) -> String {
    let parts = name.split('.').filter(|part| !WRAPPERS.contains(part));
    let parts: Vec<&str> = parts.skip_while(|part| HOLDERS.contains(part)).collect();
    parts.join(".")
}

/// Prefixes, other than those that [`canonical`] removes, after which the names of a complete GPT-2 follow.
pub fn prefixes<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    config: &Config,
) -> BTreeSet<String> {
    /// Most prefixes tried; a file holds one or two models.
    const MAX_CANDIDATES: usize = 8;
    let before = |name: &'a str| name.strip_suffix(WPE)?.strip_suffix('.');
    let prefix = |parts: &str| {
        let mut parts: Vec<&str> = parts.split('.').collect();
        let is_known = |part: &&str| HOLDERS.contains(part) || WRAPPERS.contains(part);
        while parts.last().is_some_and(is_known) {
            parts.pop();
        }
        (!parts.is_empty()).then(|| parts.join(".") + ".")
    };
    let candidates: BTreeSet<String> = names
        .clone()
        .filter_map(before)
        .filter_map(prefix)
        .take(MAX_CANDIDATES)
        .collect();
    let is_complete = |prefix: &String| {
        let there: HashSet<String> = names.clone().map(|name| behind(prefix, name)).collect();
        missing(config, |name| there.contains(name)).is_none()
    };
    candidates.into_iter().filter(is_complete).collect()
}

/// The name without a prefix and without the parts that wrappers and training tools add.
pub fn behind(prefix: &str, name: &str) -> String {
    canonical(name.strip_prefix(prefix).unwrap_or(name))
}

/// How the model uses a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A weight of this shape. `lm_head.weight` always counts as one: a tied model may have its only table under that
    /// name, or have two tables that differ.
    Needed(Vec<usize>),
    /// A buffer of the causal mask, of any type and shape. It can be skipped without loss.
    Mask,
    /// Not part of the model: skipped with a warning.
    Ignored(Reason),
    /// A weight in a block that GPT-2 does not have: a model with it computes something else.
    Foreign,
}

/// Why a tensor is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It belongs to a classifier's head.
    Classifier,
    /// It belongs to another head.
    Head,
    /// `lm_head.bias`.
    HeadBias,
    /// It belongs to cross-attention.
    CrossAttention,
    /// Its block is beyond `config.json`'s `n_layer`.
    Beyond,
    /// It is in a block but is not a weight: a buffer of masks or positions.
    Buffer,
    /// Its name is not one of GPT-2's.
    Other,
}

/// How the model uses the tensor with this canonical name.
pub fn role(name: &str, config: &Config) -> Role {
    let d = config.d_model;
    let Some((layer, tensor)) = in_block(name) else {
        return match name {
            WTE | LM_HEAD => Role::Needed(vec![config.d_vocab, d]),
            WPE => Role::Needed(vec![config.n_ctx, d]),
            "ln_f.weight" | "ln_f.bias" => Role::Needed(vec![d]),
            name => Role::Ignored(outside(name)),
        };
    };
    let mut block = block(config).into_iter();
    if let Some((_, shape)) = block.find(|(name, _)| *name == tensor) {
        // A parser of numbers also accepts `h.+1` and `h.01`, which are not names of blocks.
        return match name == of_block(layer, tensor) {
            true if layer < config.n_layers => Role::Needed(shape),
            true => Role::Ignored(Reason::Beyond),
            false => Role::Ignored(Reason::Other),
        };
    }
    let is_cross = ["crossattention.", "ln_cross_attn."]
        .iter()
        .any(|start| tensor.starts_with(start));
    match tensor {
        "attn.bias" | "attn.masked_bias" => Role::Mask,
        _ if layer >= config.n_layers => Role::Ignored(Reason::Beyond),
        _ if is_cross => Role::Ignored(Reason::CrossAttention),
        _ if tensor.ends_with(".weight") || tensor.ends_with(".bias") => Role::Foreign,
        _ => Role::Ignored(Reason::Buffer),
    }
}

/// Why a tensor outside the blocks is ignored.
fn outside(name: &str) -> Reason {
    const HEADS: [(&str, Reason); 7] = [
        ("score.", Reason::Classifier),
        ("classifier.", Reason::Classifier),
        ("qa_outputs.", Reason::Classifier),
        ("v_head.", Reason::Head),
        ("value_head.", Reason::Head),
        ("multiple_choice_head.", Reason::Head),
        ("lm_head.bias", Reason::HeadBias),
    ];
    let head = HEADS.iter().find(|(start, _)| name.starts_with(start));
    head.map_or(Reason::Other, |(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_parts_that_tools_add() {
        for (name, canonical_name) in [
            ("wte.weight", "wte.weight"),
            ("transformer.wte.weight", "wte.weight"),
            ("module.transformer.h.0.ln_1.bias", "h.0.ln_1.bias"),
            ("_orig_mod.transformer.h.0.ln_1.bias", "h.0.ln_1.bias"),
            ("_orig_mod.module.lm_head.weight", "lm_head.weight"),
            ("base_model.model.transformer.ln_f.bias", "ln_f.bias"),
            ("base_model.model.lm_head.weight", "lm_head.weight"),
            (
                "transformer.h.3._orig_mod.mlp.c_fc.bias",
                "h.3.mlp.c_fc.bias",
            ),
            ("h.0._checkpoint_wrapped_module.ln_2.bias", "h.0.ln_2.bias"),
            ("v_head.summary.weight", "v_head.summary.weight"),
            (
                "model.layers.0.self_attn.q_proj.weight",
                "layers.0.self_attn.q_proj.weight",
            ),
        ] {
            assert_eq!(canonical(name), canonical_name);
        }
    }

    #[test]
    fn every_expected_tensor_is_needed_with_its_shape() {
        let config = Config {
            tie_word_embeddings: false,
            ..Config::default()
        };
        for (name, shape) in expected(&config) {
            assert_eq!(role(&name, &config), Role::Needed(shape), "{name}");
        }
        for (name, expected) in [
            ("h.0.attn.bias", Role::Mask),
            ("h.11.attn.masked_bias", Role::Mask),
            ("h.12.attn.bias", Role::Mask),
            ("h.12.ln_1.bias", Role::Ignored(Reason::Beyond)),
            ("h.12.attn.q_norm.weight", Role::Ignored(Reason::Beyond)),
            ("h.+1.ln_1.bias", Role::Ignored(Reason::Other)),
            ("h.01.ln_1.bias", Role::Ignored(Reason::Other)),
            ("h.0.attn.tril", Role::Ignored(Reason::Buffer)),
            ("h.0.attn.q_norm.weight", Role::Foreign),
            (
                "h.0.crossattention.c_attn.weight",
                Role::Ignored(Reason::CrossAttention),
            ),
            ("score.weight", Role::Ignored(Reason::Classifier)),
            ("lm_head.bias", Role::Ignored(Reason::HeadBias)),
            ("reward.model.weight", Role::Ignored(Reason::Other)),
        ] {
            assert_eq!(role(name, &config), expected, "{name}");
        }
    }
}
