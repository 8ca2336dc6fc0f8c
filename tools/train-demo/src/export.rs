//! The trained model in Hugging Face's layout, and a README with what was measured on it.

use std::{error::Error, fmt::Write, fs, path::Path};

use burn::tensor::{Device, Tensor};
use pathpatch::{checkpoint, gpt2::Config};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};

use crate::{
    data::{self, Vocabulary},
    measure::{Edge, Measured, measure},
    model::AttentionOnly,
    train::Recipe,
};

/// Write the model's files and its README into a directory.
pub fn write(
    directory: &Path,
    recipe: &Recipe,
    vocabulary: &Vocabulary,
    config: &Config,
    model: &AttentionOnly,
    loss: f32,
) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let weights = weights(config, model)?;
    fs::write(directory.join("model.safetensors"), &weights)?;
    write_json(&directory.join("config.json"), &hub_config(config))?;
    write_json(&directory.join("tokenizer.json"), &tokenizer(vocabulary))?;
    // transformers writes these two beside it, and a loader asks for both.
    let end = vocabulary.words[0];
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
    // Measured on the files as anyone would load them.
    let config = Config::from_json(&fs::read(directory.join("config.json"))?)?;
    let loaded = checkpoint::load(config, &weights, &Device::flex())?;
    let readme = readme(recipe, &loaded.config, loss, &measure(&loaded)?)?;
    fs::write(directory.join("README.md"), &readme)?;
    println!("{readme}");
    Ok(())
}

fn write_json(path: &Path, value: &Value) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(
        path,
        serde_json::to_string_pretty(value)? + "\n",
    )?)
}

/// A tensor on the host: name, shape, row-major values.
type Named = (String, Vec<usize>, Vec<f32>);

/// A safetensors file; what is not trained is zero, LayerNorm weights one.
fn weights(config: &Config, model: &AttentionOnly) -> Result<Vec<u8>, Box<dyn Error>> {
    let (d, m) = (config.d_model, config.d_mlp);
    let mut tensors: Vec<Named> = Vec::new();
    let mut constant = |name: String, shape: Vec<usize>, value: f32| {
        let n = shape.iter().product();
        tensors.push((name, shape, vec![value; n]));
    };
    for layer in 0..config.n_layers {
        let h = |name: &str| format!("transformer.h.{layer}.{name}");
        constant(h("ln_1.weight"), vec![d], 1.0);
        constant(h("ln_1.bias"), vec![d], 0.0);
        constant(h("ln_2.weight"), vec![d], 1.0);
        constant(h("ln_2.bias"), vec![d], 0.0);
        constant(h("mlp.c_fc.weight"), vec![d, m], 0.0);
        constant(h("mlp.c_fc.bias"), vec![m], 0.0);
        constant(h("mlp.c_proj.weight"), vec![m, d], 0.0);
        constant(h("mlp.c_proj.bias"), vec![d], 0.0);
    }
    constant("transformer.ln_f.weight".into(), vec![d], 1.0);
    constant("transformer.ln_f.bias".into(), vec![d], 0.0);
    tensors.push(trained("wte.weight", model.wte.val())?);
    tensors.push(trained("wpe.weight", model.wpe.val())?);
    for (i, layer) in model.layers.iter().enumerate() {
        let h = |name: &str| format!("h.{i}.attn.{name}");
        tensors.push(trained(&h("c_attn.weight"), layer.w_qkv.val())?);
        tensors.push(trained(&h("c_attn.bias"), layer.b_qkv.val())?);
        tensors.push(trained(&h("c_proj.weight"), layer.w_o.val())?);
        tensors.push(trained(&h("c_proj.bias"), layer.b_o.val())?);
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
fn tokenizer(vocabulary: &Vocabulary) -> Value {
    let ids = vocabulary
        .words
        .iter()
        .zip(0..)
        .map(|(w, i)| (w.to_string(), Value::from(i)));
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [{
            "id": 0, "content": vocabulary.words[0], "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false, "special": true,
        }],
        "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": null,
        "decoder": null,
        "model": {
            "type": "WordLevel",
            "vocab": ids.collect::<serde_json::Map<_, _>>(),
            "unk_token": vocabulary.words[1],
        },
    })
}

fn readme(
    recipe: &Recipe,
    config: &Config,
    loss: f32,
    measured: &Measured,
) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# ioi-demo\n\n\
         The model that pathpatch's page opens on: GPT-2's architecture with {} layers of {} heads, d_model \
         {}, a vocabulary of {} words, a context of {} tokens. {} parameters in f32. Its MLPs are held at \
         zero and its LayerNorms have neither weight nor bias, which makes it attention-only in GPT-2's \
         layout. Written by `cargo xtask train-demo`, this page with it.\n\n",
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.d_vocab,
        config.n_ctx,
        config.n_params(),
    );
    writeln!(
        text,
        "## Training\n\n\
         {} steps of {} sequences, seed {}, AdamW (learning rate {} with {} steps of warm-up and a cosine \
         to zero, weight decay {}, gradient norm at most 1), on the CPU with Burn. {:.0}% of the sequences \
         are pairs (distinct words, then shuffled pairs of neighbours from among them; loss on the second \
         word of each pair), the rest sentences for indirect object identification (loss on the last \
         word). Cross-entropy over the last 100 steps: {loss:.4} nats.\n",
        recipe.steps,
        recipe.batch,
        recipe.seed,
        recipe.learning_rate,
        recipe.warm_up,
        recipe.weight_decay,
        recipe.share_pairs * 100.0,
    )?;
    writeln!(
        text,
        "## What it can do\n\n\
         On prompts that training never saw (IOI: name pairs held out): the indirect object is preferred \
         in {:.1}% of IOI prompts, and the pair's second word is the most likely one in {:.1}%.\n",
        measured.ioi_accuracy * 100.0,
        measured.pairs_accuracy * 100.0,
    )?;
    let name = |head: usize| format!("{}.{}", head / config.n_heads, head % config.n_heads);
    writeln!(
        text,
        "## Which head does what\n\n\
         Mean attention on induction prompts (pairs, cut before a second word): from each word to the \
         previous position, and from the last word to the word after its earlier occurrence.\n\n\
         | head | to the previous position | to the word after the earlier occurrence |\n\
         | --- | --- | --- |"
    )?;
    let heads = measured.to_previous.iter().zip(&measured.to_successor);
    for (head, (previous, successor)) in heads.enumerate() {
        writeln!(text, "| {} | {previous:.2} | {successor:.2} |", name(head))?;
    }
    writeln!(
        text,
        "\nMean effect of the direct paths on the same prompts, the logit difference normalised between \
         corrupted (0: the earlier occurrence replaced by another word) and clean (1), strongest first:\n\n\
         | component | edges |\n| --- | --- |"
    )?;
    for (component, edges) in ["q", "k", "v"].iter().zip(&measured.edges) {
        let edge = |e: &Edge| format!("{} to {} {:+.2}", name(e.src), name(e.dst), e.effect);
        let edges: Vec<String> = edges.iter().take(6).map(edge).collect();
        writeln!(text, "| {component} | {} |", edges.join(", "))?;
    }
    writeln!(
        text,
        "\nThe sequences come from `tools/train-demo/src/data.rs`, at most {} tokens long.",
        data::N_CTX
    )?;
    Ok(text)
}
