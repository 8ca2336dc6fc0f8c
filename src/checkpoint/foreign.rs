//! Recognises checkpoints that are not a GPT-2 in Hugging Face's layout, by the names and shapes of their tensors.

use super::{
    errors::invalid,
    layout::{self, canonical},
};
use crate::{error::Error, gpt2::Config};

/// Advice for quantised weights.
pub const DEQUANTISE: &str = "in transformers, dequantize() the model and save_pretrained() it";

/// Parts of names that only low-rank adapters have.
const LORA: [&str; 4] = [".lora_", "lora_A.", "lora_B.", ".base_layer."];

/// Ends of names that only quantised weights have: bitsandbytes, GPTQ, AWQ, FP8.
const QUANTISED: [&str; 10] = [
    ".SCB",
    ".weight_format",
    ".qweight",
    ".qzeros",
    ".scales",
    ".g_idx",
    ".absmax",
    ".quant_map",
    ".weight_scale",
    ".weight_scale_inv",
];

/// Parts of tensor names, and the models or tools that use them.
const ARCHITECTURES: [(&str, &str); 9] = [
    (".self_attn.q_proj.", "Llama, Mistral, Qwen or OPT"),
    (".attn.attention.q_proj.", "GPT-Neo"),
    (".attn.q_proj.", "GPT-J"),
    ("query_key_value.", "GPT-NeoX, BLOOM or Falcon"),
    ("encoder.layer.", "BERT"),
    (".attn.W_Q", "TransformerLens, not Hugging Face"),
    ("blk.", "llama.cpp's GGUF"),
    (".attn.Wqkv.", "MPT or flash-attention"),
    ("/attn/c_attn/", "TensorFlow's GPT-2"),
];

/// The error for a LoRA adapter or quantised weights, recognised by tensor names.
pub fn by_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<Error> {
    let whole = "the plain weights of a whole model";
    let mut adapters = names
        .clone()
        .filter(|name| LORA.iter().any(|part| name.contains(part)));
    if let Some(name) = adapters.next() {
        let got = format!(
            "weights of a LoRA adapter ({} such tensors): merge it in Python with \
             PeftModel.merge_and_unload() and save_pretrained() the result",
            1 + adapters.count()
        );
        return Some(invalid(name, whole, got));
    }
    let mut quantised = names.filter(|name| {
        QUANTISED.iter().any(|end| name.ends_with(end)) || name.contains(".quant_state.")
    });
    let name = quantised.next()?;
    Some(invalid(
        name,
        whole,
        format!("quantised weights: {DEQUANTISE}"),
    ))
}

/// The error for weights in the layout of `nn.Linear`, recognised by the shape of `c_attn`: it is the transpose of what
/// GPT-2's `Conv1D` has.
///
/// `tensors` are canonical names and shapes; `missing_biases` is the number of biases that the file lacks.
pub fn by_shapes<'a>(
    mut tensors: impl Iterator<Item = (&'a str, &'a [u64])>,
    config: &Config,
    missing_biases: usize,
) -> Option<Error> {
    let d = config.d_model as u64;
    let is_transposed = |(name, shape): &(&str, &[u64])| {
        let in_block = layout::in_block(name);
        in_block.is_some_and(|(_, tensor)| tensor == "attn.c_attn.weight") && **shape == [3 * d, d]
    };
    let (name, shape) = tensors.find(is_transposed)?;
    let biases = match missing_biases {
        0 => "",
        _ => ", and there are no biases",
    };
    let and_zeros = match missing_biases {
        0 => "",
        _ => ", save zeros for the biases",
    };
    let got = format!(
        "{shape:?}: the layout of Linear, transposed, as nanoGPT saves it{biases}. Transpose c_attn, c_proj \
         and c_fc of every block{and_zeros}"
    );
    let expected = format!("shape {:?}, Conv1D's [in, out]", [d, 3 * d]);
    Some(invalid(name, expected, got))
}

/// Which other architecture the names belong to, if any; for the end of a message about a missing tensor.
pub fn architecture<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let found = ARCHITECTURES.iter().find_map(|(part, whose)| {
        let name = names.clone().find(|name| name.contains(part))?;
        Some(format!("{name}, as in {whose}"))
    });
    found.or_else(|| {
        // The names of a GPT-2 after a prefix that we do not know.
        let mut names = names;
        names.find_map(|name| {
            let end = name.find(".wte.weight").or_else(|| name.find(".h.0."))?;
            let prefix = &name[..=end];
            (canonical(name) != name[end + 1..])
                .then(|| format!("{name}: remove the prefix {prefix:?} from the names"))
        })
    })
}
