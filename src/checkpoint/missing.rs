//! Explains why a model cannot be loaded from the files that are there.

use super::index::{INDEX, WEIGHTS};
use crate::error::{Code, Error, shortened};

/// File name endings, what such a file is, and how to get `model.safetensors` from it.
const OTHERS: [(&str, &str); 11] = [
    (".bin", PICKLED),
    (".pt", PICKLED),
    (".pth", PICKLED),
    (".ckpt", PICKLED),
    (
        ".h5",
        "TensorFlow's format, which is not read. In Python with transformers before 5, \
         GPT2LMHeadModel.from_pretrained(directory, from_tf=True).save_pretrained(directory) writes \
         model.safetensors",
    ),
    (
        ".msgpack",
        "Flax's format, which is not read. In Python with transformers before 5, \
         GPT2LMHeadModel.from_pretrained(directory, from_flax=True).save_pretrained(directory) writes \
         model.safetensors",
    ),
    (
        ".gguf",
        "llama.cpp's format, which is not read: use the model that it was made from",
    ),
    (
        ".ggml",
        "llama.cpp's format, which is not read: use the model that it was made from",
    ),
    (
        ".onnx",
        "ONNX's format, which is not read: use the model that it was exported from",
    ),
    (
        ".ot",
        "rust-bert's format, which is not read: use the model that it was made from",
    ),
    (
        ".meta",
        "TensorFlow's checkpoint, which is not read: transformers' convert_gpt2_checkpoint_to_pytorch.py and \
         save_pretrained write model.safetensors",
    ),
];

const PICKLED: &str = "PyTorch's pickled format, which may hold any code and is not read. In Python, \
                       AutoModelForCausalLM.from_pretrained(directory).save_pretrained(directory) writes \
                       model.safetensors";

/// The error for a directory, a repository or a selection of files that lacks `config.json`, or that has neither
/// `model.safetensors` nor its index. It says what is missing, what was found instead, and what to do.
///
/// `names` may include directories.
pub fn explain_missing(names: &[String]) -> Error {
    let has = |name: &str| names.iter().any(|n| n == name);
    let find =
        |is: &dyn Fn(&str) -> bool| names.iter().find(|name| is(name)).map(|name| short(name));
    let lacks_config = !has("config.json");
    let what = if lacks_config { "config.json" } else { WEIGHTS };
    let expected = match lacks_config {
        true => "among the model's files",
        false => "it, or model.safetensors.index.json, among the model's files",
    };
    let error = |got: String| Error::new(Code::Io, what, expected, got);
    let is_adapter =
        |name: &str| name.starts_with("adapter_model.") || name == "adapter_config.json";
    if let Some(name) = find(&is_adapter) {
        return error(format!(
            "{name}, a LoRA adapter without the model that it adapts. In Python, \
             AutoPeftModelForCausalLM.from_pretrained(directory).merge_and_unload().save_pretrained(merged) \
             writes a model that can be loaded"
        ));
    }
    if has(WEIGHTS) || has(INDEX) {
        return error(match names.len() {
            1 => "1 other file".into(),
            n => format!("{n} other files"),
        });
    }
    if let Some(name) = find(&|name| name.starts_with("model-") && name.ends_with(".safetensors")) {
        return error(format!(
            "{name} without {INDEX}, which lists its tensors: download that as well"
        ));
    }
    if let Some(name) = find(&|name| name.ends_with(".safetensors")) {
        return error(format!(
            "{name}: if it is the whole model, name it {WEIGHTS}"
        ));
    }
    let other = OTHERS.iter().find_map(|(end, what)| {
        let is_weights = |name: &str| {
            name.ends_with(end)
                && !["training_args.bin", "optimizer.pt", "scheduler.pt"].contains(&name)
        };
        find(&is_weights).map(|name| format!("{name}, {what}"))
    });
    if let Some(other) = other {
        return error(other);
    }
    if let Some(name) = find(&|name| name.starts_with("checkpoint-")) {
        return error(format!(
            "{name}, a directory that the Trainer wrote: give that one"
        ));
    }
    if has("snapshots") {
        let got = "a Hugging Face Hub cache: give its directory snapshots/REVISION";
        return error(got.into());
    }
    let mut some: Vec<String> = names.iter().take(5).map(|name| short(name)).collect();
    if names.len() > some.len() {
        some.push(format!("{} more", names.len() - some.len()));
    }
    error(match some.is_empty() {
        true => "no files".into(),
        false => some.join(", "),
    })
}

fn short(name: &str) -> String {
    shortened(name, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_named_with_what_to_do() {
        for (names, what, got) in [
            (
                &["config.json", "pytorch_model.bin", "tokenizer.json"][..],
                WEIGHTS,
                ["pytorch_model.bin", "save_pretrained"],
            ),
            (
                &["config.json", "pytorch_model-00001-of-00002.bin"],
                WEIGHTS,
                ["pytorch_model-00001", "pickled"],
            ),
            (
                &["config.json", "training_args.bin", "tf_model.h5"],
                WEIGHTS,
                ["tf_model.h5", "from_tf"],
            ),
            (
                &["config.json", "flax_model.msgpack"],
                WEIGHTS,
                ["flax_model.msgpack", "from_flax"],
            ),
            (
                &["gpt2.Q4_K_M.gguf"],
                "config.json",
                ["gpt2.Q4_K_M.gguf", "llama.cpp"],
            ),
            (
                &["adapter_config.json", "adapter_model.safetensors"],
                "config.json",
                ["LoRA adapter", "merge_and_unload"],
            ),
            (
                &["config.json", "model-00001-of-00002.safetensors"],
                WEIGHTS,
                ["without model.safetensors.index.json", "download that"],
            ),
            (
                &["config.json", "model.fp16.safetensors"],
                WEIGHTS,
                ["model.fp16.safetensors", "name it model.safetensors"],
            ),
            (
                &["refs", "blobs", "snapshots"],
                "config.json",
                ["snapshots/REVISION", "Hub"],
            ),
            (
                &["checkpoint-500", "runs"],
                "config.json",
                ["checkpoint-500", "give that"],
            ),
            (&["README.md"], "config.json", ["README.md", ""]),
            (&[], "config.json", ["no files", ""]),
            (&["model.safetensors"], "config.json", ["1 other file", ""]),
        ] {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let error = explain_missing(&names);
            assert_eq!(error.what, what, "{error}");
            assert!(got.iter().all(|part| error.got.contains(part)), "{error}");
        }
    }
}
