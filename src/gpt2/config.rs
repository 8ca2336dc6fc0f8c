//! `config.json` of a `GPT2LMHeadModel`: the fields that shape the computation, checked.
//!
//! Reads what `transformers.GPT2Config` reads: a missing field has its default, and the common names of its
//! `attribute_map` stand for GPT-2's own. A field that changes the computation in a way that is not implemented is an
//! error that names it. Fields without influence on inference (dropout, initialisation, generation settings,
//! `reorder_and_upcast_attn`) are ignored. Every number is bounded, so that no product of them overflows.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    error::{Code, Error, Result, Warning, shortened},
    ops::Activation,
    sniff::sniff,
};

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
    /// What the MLP applies to its hidden layer.
    pub activation: Activation,
    /// Whether attention scores are divided by `sqrt(d_head)`.
    pub scale_attn_weights: bool,
    /// Whether the attention scores of block `l`, counted from 0, are divided by `l + 1`.
    pub scale_attn_by_inverse_layer_idx: bool,
    /// The token that is prepended to a text, if the model has one.
    pub bos_token_id: Option<u32>,
    /// Whether the unembedding is the embedding, transposed.
    pub tie_word_embeddings: bool,
    /// What a user should know of the file that was read.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

impl Default for Config {
    /// The defaults of `transformers.GPT2Config`: GPT-2 small.
    fn default() -> Self {
        Self {
            n_layers: 12,
            n_heads: 12,
            d_model: 768,
            d_head: 64,
            d_mlp: 3072,
            n_ctx: 1024,
            d_vocab: 50257,
            eps: 1e-5,
            activation: Activation::GeluTanh,
            scale_attn_weights: true,
            scale_attn_by_inverse_layer_idx: false,
            bos_token_id: Some(50256),
            tie_word_embeddings: true,
            warnings: Vec::new(),
        }
    }
}

/// The largest numbers that are read, far above those of any GPT-2.
mod most {
    pub const LAYERS: usize = 1 << 10;
    pub const D_MODEL: usize = 1 << 16;
    pub const D_MLP: usize = 1 << 18;
    pub const POSITIONS: usize = 1 << 20;
    pub const TOKENS: usize = 1 << 24;
}

/// `GPT2Config.attribute_map`: a common name, and the field that it stands for.
const COMMON_NAMES: [(&str, &str); 4] = [
    ("hidden_size", "n_embd"),
    ("max_position_embeddings", "n_positions"),
    ("num_attention_heads", "n_head"),
    ("num_hidden_layers", "n_layer"),
];

impl Config {
    /// Read and check the bytes of a `config.json`.
    ///
    /// # Errors
    /// [`Code::Config`] when the file is not a JSON object, describes another architecture, holds a number
    /// out of bounds, or sets a field whose effect is not implemented.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let mut warnings = Vec::new();
        let fields = Fields::parse(bytes, &mut warnings)?;
        fields.check_architecture()?;
        fields.refuse_other_maths()?;
        if fields.flag("add_cross_attention", false)? {
            let message = "config.json field add_cross_attention: cross-attention is left out, as \
                           transformers does where no encoder's output is given";
            warnings.push(Warning::new(Code::Config, message));
        }
        warnings.extend(fields.classifier());
        let default = Self::default();
        let d_model = fields.size("n_embd", default.d_model, most::D_MODEL)?;
        let n_heads = fields.size("n_head", default.n_heads, most::D_MODEL)?;
        if !d_model.is_multiple_of(n_heads) {
            let expected = format!("a multiple of {} ({n_heads})", fields.name("n_head"));
            return Err(invalid(fields.name("n_embd"), expected, d_model));
        }
        let d_vocab = fields.size("vocab_size", default.d_vocab, most::TOKENS)?;
        let d_mlp = match fields.values.get("n_inner") {
            None | Some(Value::Null) => 4 * d_model,
            Some(_) => fields.size("n_inner", 0, most::D_MLP)?,
        };
        Ok(Self {
            n_layers: fields.size("n_layer", default.n_layers, most::LAYERS)?,
            n_heads,
            d_model,
            d_head: d_model / n_heads,
            d_mlp,
            n_ctx: fields.size("n_positions", default.n_ctx, most::POSITIONS)?,
            d_vocab,
            eps: fields.eps(default.eps)?,
            activation: fields.activation()?,
            scale_attn_weights: fields.flag("scale_attn_weights", true)?,
            scale_attn_by_inverse_layer_idx: fields
                .flag("scale_attn_by_inverse_layer_idx", false)?,
            bos_token_id: fields.bos(default.bos_token_id, d_vocab, &mut warnings),
            tie_word_embeddings: fields.flag("tie_word_embeddings", true)?,
            warnings,
        })
    }

    /// The factor of the queries of a block, counted from 0, with which scores divided by `sqrt(d_head)` are those of
    /// the model.
    pub fn query_scale(&self, layer: usize) -> f64 {
        let by_width = match self.scale_attn_weights {
            true => 1.0,
            false => (self.d_head as f64).sqrt(),
        };
        let by_layer = match self.scale_attn_by_inverse_layer_idx {
            true => (layer + 1) as f64,
            false => 1.0,
        };
        by_width / by_layer
    }

    /// Parameters of the checkpoint, an untied unembedding included.
    pub fn n_params(&self) -> u64 {
        let [d, m, vocab, ctx, layers] = [
            self.d_model,
            self.d_mlp,
            self.d_vocab,
            self.n_ctx,
            self.n_layers,
        ]
        .map(|n| n as u64);
        let attn = d * 3 * d + 3 * d + d * d + d;
        let mlp = 2 * d * m + m + d;
        let norms = 4 * d;
        let embeddings = (vocab + ctx) * d;
        let lm_head = if self.tie_word_embeddings {
            0
        } else {
            vocab * d
        };
        layers * (attn + mlp + norms) + embeddings + 2 * d + lm_head
    }

    /// Bytes that the weights take once they are loaded, as f32 whatever type their file has.
    pub fn weight_bytes(&self) -> u64 {
        4 * self.n_params()
    }
}

/// The fields of a file, by GPT-2's own names.
struct Fields {
    values: Map<String, Value>,
    /// Own names of the fields that the file has under their common names.
    renamed: Vec<&'static str>,
}

impl Fields {
    fn parse(bytes: &[u8], warnings: &mut Vec<Warning>) -> Result<Self> {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut fields: Map<String, Value> = serde_json::from_slice(text).map_err(|e| {
            let expected = "the configuration of a GPT-2 model, a JSON object";
            let got = sniff(bytes).map_or_else(|| e.to_string(), String::from);
            Error::new(Code::Config, "config.json", expected, got)
        })?;
        let mut renamed = Vec::new();
        for (common, own) in COMMON_NAMES {
            let Some(value) = fields.remove(common) else {
                continue;
            };
            // As in transformers, which sets the common names after GPT-2's own, so that they win.
            if let Some(other) = fields.get(own).filter(|other| **other != value) {
                let message = format!(
                    "config.json has {own} {} and {common} {}, two names of one number: {common} counts, as \
                     in transformers",
                    short(other),
                    short(&value)
                );
                warnings.push(Warning::new(Code::Config, message));
            }
            fields.insert(own.into(), value);
            renamed.push(own);
        }
        Ok(Self {
            values: fields,
            renamed,
        })
    }

    /// The name that a field has in the file.
    fn name<'a>(&self, own: &'a str) -> &'a str {
        let common = COMMON_NAMES.iter().find(|(_, of)| *of == own);
        match common.filter(|(_, of)| self.renamed.contains(of)) {
            Some((common, _)) => common,
            None => own,
        }
    }

    /// Fail on the configuration of another architecture.
    fn check_architecture(&self) -> Result<()> {
        match self.values.get("model_type") {
            Some(Value::String(name)) if name == "gpt2" => return Ok(()),
            None | Some(Value::Null) => (),
            Some(other) => return Err(invalid("model_type", "gpt2", text(other))),
        }
        let architectures = self.architectures();
        let is_gpt2 = |name: &&str| name.to_lowercase().contains("gpt2");
        if !architectures.is_empty() && !architectures.iter().any(is_gpt2) {
            let expected = "those of a GPT-2, or a model_type gpt2";
            return Err(invalid("architectures", expected, architectures.join(", ")));
        }
        let own = ["n_layer", "n_head", "n_embd", "n_positions"];
        if architectures.is_empty() && !own.iter().any(|field| self.values.contains_key(*field)) {
            let expected = "gpt2, or fields of a GPT-2 such as n_layer and n_embd";
            return Err(invalid("model_type", expected, "none of them"));
        }
        Ok(())
    }

    /// Fail on fields that change what is computed in a way that is not implemented.
    fn refuse_other_maths(&self) -> Result<()> {
        if let Some(pruned) = self.values.get("pruned_heads").filter(|p| !is_empty(p)) {
            return Err(invalid("pruned_heads", "none", short(pruned)));
        }
        if let Some(quantised) = self
            .values
            .get("quantization_config")
            .filter(|q| !is_empty(q))
        {
            let expected = "none: weights as F64, F32, F16 or BF16 (in transformers, dequantize() the model \
                            and save_pretrained() it)";
            return Err(invalid("quantization_config", expected, short(quantised)));
        }
        Ok(())
    }

    fn architectures(&self) -> Vec<&str> {
        match self.values.get("architectures") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(name)) => vec![name],
            _ => Vec::new(),
        }
    }

    /// A warning where the model is trained for something else than the next token.
    fn classifier(&self) -> Option<Warning> {
        let architectures = self.architectures();
        let is_classifier =
            |name: &&&str| name.contains("Classification") || name.contains("QuestionAnswering");
        let name = architectures.iter().find(is_classifier)?;
        let message = format!(
            "config.json's architectures say {name}: a classifier, whose training had no language-model head. \
             Its logits here are those that transformers' GPT2LMHeadModel makes of it, with the embedding as \
             unembedding."
        );
        Some(Warning::new(Code::Config, message))
    }

    /// A number of things, from 1 to `most`.
    fn size(&self, field: &str, default: usize, most: usize) -> Result<usize> {
        let Some(value) = self.values.get(field) else {
            return Ok(default);
        };
        let name = self.name(field);
        let number = value.as_u64().and_then(|n| usize::try_from(n).ok());
        match number {
            Some(n) if (1..=most).contains(&n) => Ok(n),
            Some(0) => Err(invalid(name, "at least 1", 0)),
            Some(n) => Err(invalid(name, format!("at most {most}"), n)),
            None => {
                let expected = format!("a whole number from 1 to {most}");
                Err(invalid(name, expected, short(value)))
            }
        }
    }

    /// Null is Python's `None`, which is false where transformers asks.
    fn flag(&self, field: &str, default: bool) -> Result<bool> {
        match self.values.get(field) {
            None => Ok(default),
            Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(invalid(field, "true or false", short(other))),
        }
    }

    /// At least 1e-30, which is above 0 as an f32 too, so that a row of equal numbers can be normalised. Any other row
    /// is normalised as the file says: beside its variance a number that small is lost in rounding.
    fn eps(&self, default: f64) -> Result<f64> {
        const LEAST: f64 = 1e-30;
        let field = "layer_norm_epsilon";
        let Some(value) = self.values.get(field) else {
            return Ok(default);
        };
        match value.as_f64() {
            Some(eps) if (0.0..=1.0).contains(&eps) => Ok(eps.max(LEAST)),
            _ => Err(invalid(field, "a number from 0 to 1", short(value))),
        }
    }

    fn activation(&self) -> Result<Activation> {
        let field = "activation_function";
        let Some(value) = self.values.get(field) else {
            return Ok(Activation::GeluTanh);
        };
        value
            .as_str()
            .and_then(Activation::from_name)
            .ok_or_else(|| {
                let names = Activation::NAMES.map(|(name, _)| name).join(", ");
                invalid(field, format!("one of {names}"), text(value))
            })
    }

    /// The beginning-of-text token. An id beyond the vocabulary stands for no token; anything that is no id does too,
    /// with a warning, since the field shapes no computation. If there are several ids, the first is taken.
    fn bos(
        &self,
        default: Option<u32>,
        d_vocab: usize,
        warnings: &mut Vec<Warning>,
    ) -> Option<u32> {
        let field = "bos_token_id";
        let token = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = match self.values.get(field) {
            None => default,
            Some(Value::Null) => None,
            Some(Value::Number(id)) if id.is_i64() => token(&self.values[field]),
            Some(value) => {
                let first = value.as_array().and_then(|ids| token(ids.first()?));
                let taken = match first {
                    Some(id) => format!("token {id}, the first, is taken"),
                    None => "none is taken".to_string(),
                };
                let message = format!(
                    "config.json field {field}: {} is not one token; {taken}",
                    short(value)
                );
                warnings.push(Warning::new(Code::Config, message));
                first
            }
        };
        id.filter(|id| (*id as usize) < d_vocab)
    }
}

fn invalid(field: &str, expected: impl std::fmt::Display, got: impl std::fmt::Display) -> Error {
    Error::new(
        Code::Config,
        format!("config.json field {field}"),
        expected,
        got,
    )
}

/// Null, or a container of nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

/// A string without its quotes, anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text, MOST_SHOWN),
        other => short(other),
    }
}

/// Characters of a value that a message shows.
const MOST_SHOWN: usize = 120;

/// A value as JSON, cut where it is long.
fn short(value: &Value) -> String {
    shortened(value, MOST_SHOWN)
}
