//! Writes a trained model in Hugging Face's layout.

use std::{error::Error, fs, path::Path};

use burn::tensor::{Device, Tensor};
use pathpatch::{
    checkpoint,
    gpt2::{Config, Gpt2},
};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};

use crate::model::Learned;

/// Write a model's files into a directory, and load them again with the library. `words` are the tokenizer's, in the
/// order of their ids: the first is the beginning-of-text token, the second the unknown token.
///
/// # Errors
/// If a file cannot be written, or the written model cannot be loaded.
pub fn write(
    directory: &Path,
    words: &[impl ToString],
    config: &Config,
    model: &Learned,
) -> Result<Gpt2, Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let weights = weights(config, model)?;
    fs::write(directory.join("model.safetensors"), &weights)?;
    write_json(&directory.join("config.json"), &hub_config(config))?;
    write_json(&directory.join("tokenizer.json"), &tokenizer(words))?;
    // transformers writes these two files as well, and loaders request them.
    let end = words[0].to_string();
    let special = json!({ "bos_token": end, "eos_token": end });
    write_json(&directory.join("special_tokens_map.json"), &special)?;
    let config_of_tokenizer = json!({
        "bos_token": end, "eos_token": end, "model_max_length": config.n_ctx,
        "tokenizer_class": "PreTrainedTokenizerFast",
    });
    write_json(
        &directory.join("tokenizer_config.json"),
        &config_of_tokenizer,
    )?;
    let config = Config::from_json(&fs::read(directory.join("config.json"))?)?;
    Ok(checkpoint::load(config, &weights, &Device::flex())?)
}

/// Write a model's README, and print it.
///
/// # Errors
/// If it cannot be written.
pub fn write_readme(directory: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    println!("{text}");
    Ok(fs::write(directory.join("README.md"), text)?)
}

fn write_json(path: &Path, value: &Value) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(
        path,
        serde_json::to_string_pretty(value)? + "\n",
    )?)
}

/// A tensor on the host: name, shape, row-major values.
type Named = (String, Vec<usize>, Vec<f32>);

/// A safetensors file; LayerNorms have weights of one and biases of zero.
fn weights(config: &Config, model: &Learned) -> Result<Vec<u8>, Box<dyn Error>> {
    let d = config.d_model;
    let mut tensors: Vec<Named> = Vec::new();
    let mut constant = |name: String, value: f32| {
        tensors.push((format!("transformer.{name}"), vec![d], vec![value; d]));
    };
    for layer in 0..config.n_layers {
        for norm in ["ln_1", "ln_2"] {
            constant(format!("h.{layer}.{norm}.weight"), 1.0);
            constant(format!("h.{layer}.{norm}.bias"), 0.0);
        }
    }
    constant("ln_f.weight".into(), 1.0);
    constant("ln_f.bias".into(), 0.0);
    tensors.push(trained("wte.weight", model.wte.val())?);
    tensors.push(trained("wpe.weight", model.wpe.val())?);
    for (i, layer) in model.layers.iter().enumerate() {
        let h = |name: &str| format!("h.{i}.{name}");
        tensors.push(trained(&h("attn.c_attn.weight"), layer.w_qkv.val())?);
        tensors.push(trained(&h("attn.c_attn.bias"), layer.b_qkv.val())?);
        tensors.push(trained(&h("attn.c_proj.weight"), layer.w_o.val())?);
        tensors.push(trained(&h("attn.c_proj.bias"), layer.b_o.val())?);
        let (w_in, b_in, w_out, b_out) = layer.mlp(config);
        tensors.push(trained(&h("mlp.c_fc.weight"), w_in)?);
        tensors.push(trained(&h("mlp.c_fc.bias"), b_in)?);
        tensors.push(trained(&h("mlp.c_proj.weight"), w_out)?);
        tensors.push(trained(&h("mlp.c_proj.bias"), b_out)?);
    }
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect())
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes)?;
            Ok((name, view))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    let format = [("format".to_string(), "pt".to_string())];
    Ok(safetensors::serialize(views, Some(format.into()))?)
}

fn trained<const D: usize>(name: &str, tensor: Tensor<D>) -> Result<Named, Box<dyn Error>> {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().try_into_vec::<f32>();
    let values = values.map_err(|e| format!("{name}: {e:?}"))?;
    Ok((format!("transformer.{name}"), shape, values))
}

fn hub_config(config: &Config) -> Value {
    json!({
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "n_layer": config.n_layers,
        "n_head": config.n_heads,
        "n_embd": config.d_model,
        "n_inner": config.d_mlp,
        "n_positions": config.n_ctx,
        "vocab_size": config.d_vocab,
        "layer_norm_epsilon": config.eps,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.bos_token_id,
        "tie_word_embeddings": config.tie_word_embeddings,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
    })
}

/// Words and punctuation, split at spaces and where punctuation begins.
fn tokenizer(words: &[impl ToString]) -> Value {
    let ids = words.iter().zip(0..);
    let ids = ids.map(|(word, id)| (word.to_string(), Value::from(id)));
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [{
            "id": 0, "content": words[0].to_string(), "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true,
        }],
        "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": null,
        "decoder": null,
        "model": {
            "type": "WordLevel",
            "vocab": ids.collect::<serde_json::Map<_, _>>(),
            "unk_token": words[1].to_string(),
        },
    })
}
