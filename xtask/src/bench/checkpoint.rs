//! Checkpoints of GPT-2 small's width with random weights, and prompts for them.
//!
//! The speed of a sweep does not depend on the weights. But agreement with TransformerLens would say little if no edge
//! had an effect, so the weights are large enough for heads to attend to something (standard deviation 0.05).

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Result;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::{Dtype, tensor::TensorView};
use serde::Deserialize;
use serde_json::json;

/// Raise it when the files change, so that old ones are not used.
const VERSION: usize = 1;
/// The bundled model.
pub const DEMO: &str = "www/models/ioi-demo";
const HEADS: usize = 12;
const D_MODEL: usize = 768;
const N_CTX: usize = 1024;
const D_VOCAB: usize = 50257;
const DEVIATION: f32 = 0.05;

/// The directory of a checkpoint of so many layers, written if it is not there.
pub fn random_gpt2(layers: usize) -> Result<String> {
    let path = format!("target/bench/gpt2-{layers}-layers-random-{VERSION}");
    let directory = Path::new(&path);
    let weights = directory.join("model.safetensors");
    if weights.exists() {
        return Ok(path);
    }
    fs::create_dir_all(directory)?;
    let config = json!({
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"],
        "n_layer": layers, "n_head": HEADS, "n_embd": D_MODEL, "n_positions": N_CTX, "n_ctx": N_CTX,
        "vocab_size": D_VOCAB, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
        "bos_token_id": D_VOCAB - 1, "eos_token_id": D_VOCAB - 1,
    });
    fs::write(directory.join("config.json"), config.to_string())?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = layout(layers)
        .into_iter()
        .map(|(name, shape, mean)| {
            let n = shape.iter().product();
            let bytes = random(&mut rng, n, mean);
            (name, (shape, bytes))
        })
        .collect();
    let views = tensors
        .iter()
        .map(|(name, (shape, bytes))| {
            Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>>>()?;
    // Under another name until it is complete.
    let unfinished = directory.join("unfinished");
    safetensors::serialize_to_file(views, None, &unfinished)?;
    fs::rename(unfinished, weights)?;
    Ok(path)
}

/// Names, shapes and means of GPT-2's tensors.
fn layout(layers: usize) -> Vec<(String, Vec<usize>, f32)> {
    let d = D_MODEL;
    let mut tensors = vec![
        ("wte.weight".to_string(), vec![D_VOCAB, d], 0.0),
        ("wpe.weight".to_string(), vec![N_CTX, d], 0.0),
        ("ln_f.weight".to_string(), vec![d], 1.0),
        ("ln_f.bias".to_string(), vec![d], 0.0),
    ];
    for layer in 0..layers {
        for (name, shape, mean) in [
            ("ln_1.weight", vec![d], 1.0),
            ("ln_1.bias", vec![d], 0.0),
            ("attn.c_attn.weight", vec![d, 3 * d], 0.0),
            ("attn.c_attn.bias", vec![3 * d], 0.0),
            ("attn.c_proj.weight", vec![d, d], 0.0),
            ("attn.c_proj.bias", vec![d], 0.0),
            ("ln_2.weight", vec![d], 1.0),
            ("ln_2.bias", vec![d], 0.0),
            ("mlp.c_fc.weight", vec![d, 4 * d], 0.0),
            ("mlp.c_fc.bias", vec![4 * d], 0.0),
            ("mlp.c_proj.weight", vec![4 * d, d], 0.0),
            ("mlp.c_proj.bias", vec![d], 0.0),
        ] {
            tensors.push((format!("h.{layer}.{name}"), shape, mean));
        }
    }
    tensors
}

/// Uniform numbers of the deviation around a mean, as little-endian f32.
fn random(rng: &mut ChaCha8Rng, n: usize, mean: f32) -> Vec<u8> {
    let half = DEVIATION * 3_f32.sqrt();
    let number = |_| mean + rng.random_range(-half..half);
    (0..n).map(number).flat_map(f32::to_le_bytes).collect()
}

/// Pairs of `tokens` random ids that differ in one token, at `difference`; the path of their file.
pub fn prompts(tokens: usize, difference: usize, batch: usize) -> Result<String> {
    let d_vocab = D_VOCAB as u32;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut id = || rng.random_range(0..d_vocab);
    let clean: Vec<Vec<u32>> = (0..batch)
        .map(|_| (0..tokens).map(|_| id()).collect())
        .collect();
    let mut corrupted = clean.clone();
    for prompt in &mut corrupted {
        prompt[difference] = (prompt[difference] + 1) % d_vocab;
    }
    let answers: Vec<u32> = (0..batch).map(|_| id()).collect();
    let distractors: Vec<u32> = (0..batch).map(|_| id()).collect();
    let path = format!("target/bench/prompts-{tokens}-{difference}-{batch}.json");
    let prompts = json!({
        "clean": clean, "corrupted": corrupted, "answers": answers, "distractors": distractors,
    });
    fs::write(&path, prompts.to_string())?;
    Ok(path)
}

/// The prompts that the tests have for the bundled model: induction, then an indirect object.
#[derive(Deserialize)]
struct DemoPrompts {
    clean: Vec<Vec<u32>>,
    corrupted: Vec<Vec<u32>>,
    lengths: Vec<usize>,
    answers: Vec<u32>,
    distractors: Vec<u32>,
}

/// The `i`-th of them; the path of its file.
pub fn demo_prompts(i: usize) -> Result<String> {
    let prompts = fs::read("tests/fixtures/ioi-demo.prompts.json")?;
    let prompts: DemoPrompts = serde_json::from_slice(&prompts)?;
    let ids = |prompts: &[Vec<u32>], length| vec![prompts[i][..length].to_vec()];
    let length = prompts.lengths[i];
    let pair = json!({
        "clean": ids(&prompts.clean, length), "corrupted": ids(&prompts.corrupted, length),
        "answers": [prompts.answers[i]], "distractors": [prompts.distractors[i]],
    });
    let path = format!("target/bench/prompts-demo-{i}.json");
    fs::write(&path, pair.to_string())?;
    Ok(path)
}
