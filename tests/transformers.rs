//! Checkpoints of every kind that transformers loads, compared with its formulas in f64 on the unprocessed weights: no
//! folding, no centring, scores scaled where transformers scales them.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};
use pathpatch::{
    checkpoint::{Loader, WEIGHTS},
    device::DeviceChoice,
    directory,
    error::{Code, Error, Warning},
    gpt2::{Config, Gpt2},
    ops::Activation,
    patching::LayerNorm,
    pause::NoPause,
    prompt::{Batch, PromptPair},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};

use crate::{estimates::check_attribution, oracle::activate, shortcuts::check_sweeps};

const LAYERS: usize = 3;
const HEADS: usize = 2;
const D: usize = 8;
const MLP: usize = 12;
const TOKENS: usize = 11;
const POSITIONS: usize = 6;

/// A tensor's shape and numbers.
type Plain = (Vec<usize>, Vec<f64>);
/// A tensor's type, shape and bytes.
type Stored = (Dtype, Vec<usize>, Vec<u8>);

/// A model in transformers' layout.
struct Model {
    config: Value,
    tensors: BTreeMap<String, Plain>,
}

/// A model with random weights and changes to its `config.json`.
fn random(changes: Value) -> Model {
    let mut config = json!({
        "model_type": "gpt2", "n_layer": LAYERS, "n_head": HEADS, "n_embd": D, "n_inner": MLP,
        "n_positions": POSITIONS, "vocab_size": TOKENS,
    });
    for (field, value) in changes.as_object().unwrap() {
        config[field] = value.clone();
    }
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut tensors = BTreeMap::new();
    let mut add = |name: String, shape: &[usize], mean: f64, size: f64| {
        let n: usize = shape.iter().product();
        let numbers = (0..n).map(|_| {
            // Round to f32, so that a copy in a wider type has the same numbers.
            f64::from((mean + size * random.random_range(-1.0..1.0)) as f32)
        });
        tensors.insert(name, (shape.to_vec(), numbers.collect()));
    };
    add("wte.weight".into(), &[TOKENS, D], 0.0, 1.0);
    add("wpe.weight".into(), &[POSITIONS, D], 0.0, 0.5);
    for layer in 0..LAYERS {
        for (name, shape, mean, size) in [
            ("ln_1.weight", &[D][..], 1.0, 0.3),
            ("ln_1.bias", &[D], 0.0, 0.3),
            ("attn.c_attn.weight", &[D, 3 * D], 0.0, 0.8),
            ("attn.c_attn.bias", &[3 * D], 0.0, 0.3),
            ("attn.c_proj.weight", &[D, D], 0.0, 0.8),
            ("attn.c_proj.bias", &[D], 0.0, 0.3),
            ("ln_2.weight", &[D], 1.0, 0.3),
            ("ln_2.bias", &[D], 0.0, 0.3),
            ("mlp.c_fc.weight", &[D, MLP], 0.0, 0.8),
            ("mlp.c_fc.bias", &[MLP], 0.0, 0.3),
            ("mlp.c_proj.weight", &[MLP, D], 0.0, 0.8),
            ("mlp.c_proj.bias", &[D], 0.0, 0.3),
        ] {
            add(format!("h.{layer}.{name}"), shape, mean, size);
        }
    }
    add("ln_f.weight".into(), &[D], 1.0, 0.3);
    add("ln_f.bias".into(), &[D], 0.0, 0.3);
    add("lm_head.weight".into(), &[TOKENS, D], 0.0, 1.0);
    Model { config, tensors }
}

impl Model {
    fn get(&self, name: &str) -> &[f64] {
        &self.tensors[name].1
    }

    /// `x W + b` with `W` in Conv1D's layout, `[in, out]`.
    fn conv1d(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let mut y = self.get(&format!("{name}.bias")).to_vec();
        let w = self.get(&format!("{name}.weight"));
        let n = y.len();
        for (i, x) in x.iter().enumerate() {
            let row = &w[i * n..][..n];
            y.iter_mut().zip(row).for_each(|(y, w)| *y += x * w);
        }
        y
    }

    fn layer_norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let [w, b] = ["weight", "bias"].map(|part| self.get(&format!("{name}.{part}")));
        let scaled = x.iter().map(|x| (x - mean) / (variance + 1e-5).sqrt());
        scaled.zip(w).zip(b).map(|((x, w), b)| x * w + b).collect()
    }

    /// Log-probabilities of the next token at every position, `[pos][token]`.
    fn log_probs(&self, ids: &[u32], tied: bool) -> Vec<Vec<f64>> {
        let flag = |name: &str, default: bool| self.config[name].as_bool().unwrap_or(default);
        let name = self.config["activation_function"]
            .as_str()
            .unwrap_or("gelu_new");
        let activation = Activation::from_name(name).unwrap();
        let [wte, wpe] = ["wte.weight", "wpe.weight"].map(|name| self.get(name));
        let row = |table: &[f64], i: usize| table[i * D..][..D].to_vec();
        let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x + y).collect::<Vec<_>>();
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let tokens = ids.iter().enumerate();
        let mut hidden: Vec<Vec<f64>> = tokens
            .map(|(pos, id)| sum(&row(wte, *id as usize), &row(wpe, pos)))
            .collect();
        for layer in 0..LAYERS {
            let name = |part: &str| format!("h.{layer}.{part}");
            let normed = hidden.iter().map(|x| self.layer_norm(&name("ln_1"), x));
            let qkv: Vec<_> = normed
                .map(|x| self.conv1d(&name("attn.c_attn"), &x))
                .collect();
            let width = D / HEADS;
            let mut scale = 1.0;
            if flag("scale_attn_weights", true) {
                scale /= (width as f64).sqrt();
            }
            if flag("scale_attn_by_inverse_layer_idx", false) {
                scale /= (layer + 1) as f64;
            }
            for (pos, hidden) in hidden.iter_mut().enumerate() {
                let mut z = vec![0.0; D];
                for head in 0..HEADS {
                    let part =
                        |pos: usize, which: usize| &qkv[pos][which * D + head * width..][..width];
                    let scores =
                        (0..=pos).map(|key| (scale * dot(part(pos, 0), part(key, 1))).exp());
                    let scores: Vec<f64> = scores.collect();
                    let total: f64 = scores.iter().sum();
                    for (key, score) in scores.iter().enumerate() {
                        let z = z[head * width..][..width].iter_mut();
                        z.zip(part(key, 2))
                            .for_each(|(z, v)| *z += score / total * v);
                    }
                }
                *hidden = sum(hidden, &self.conv1d(&name("attn.c_proj"), &z));
                let normed = self.layer_norm(&name("ln_2"), hidden);
                let inner = self.conv1d(&name("mlp.c_fc"), &normed);
                let inner: Vec<f64> = inner.into_iter().map(|x| activate(activation, x)).collect();
                *hidden = sum(hidden, &self.conv1d(&name("mlp.c_proj"), &inner));
            }
        }
        let table = self.get(if tied { "wte.weight" } else { "lm_head.weight" });
        let of_row = |x: &Vec<f64>| {
            let x = self.layer_norm("ln_f", x);
            let logits: Vec<f64> = table.chunks(D).map(|row| dot(row, &x)).collect();
            let total = logits.iter().map(|x| x.exp()).sum::<f64>().ln();
            logits.iter().map(|x| x - total).collect()
        };
        hidden.iter().map(of_row).collect()
    }

    /// The tensors of a tied model's file, in f32.
    fn tied(&self) -> BTreeMap<String, Stored> {
        let mut stored = self.stored(Dtype::F32);
        stored.remove("lm_head.weight").unwrap();
        stored
    }

    /// The model with its numbers rounded to a type.
    fn rounded_to(&self, dtype: Dtype) -> Self {
        let round = |x: &f64| match dtype {
            Dtype::F16 => half::f16::from_f64(*x).to_f64(),
            Dtype::BF16 => half::bf16::from_f64(*x).to_f64(),
            _ => *x,
        };
        let tensors = self.tensors.iter().map(|(name, (shape, numbers))| {
            let numbers = numbers.iter().map(round).collect();
            (name.clone(), (shape.clone(), numbers))
        });
        Self {
            config: self.config.clone(),
            tensors: tensors.collect(),
        }
    }

    fn stored(&self, dtype: Dtype) -> BTreeMap<String, Stored> {
        let store = |(name, (shape, numbers)): (&String, &Plain)| {
            let bytes = numbers.iter().flat_map(|x| match dtype {
                Dtype::F64 => x.to_le_bytes().to_vec(),
                Dtype::F32 => (*x as f32).to_le_bytes().to_vec(),
                Dtype::F16 => half::f16::from_f64(*x).to_le_bytes().to_vec(),
                Dtype::BF16 => half::bf16::from_f64(*x).to_le_bytes().to_vec(),
                other => panic!("{other}"),
            });
            (name.clone(), (dtype, shape.clone(), bytes.collect()))
        };
        self.tensors.iter().map(store).collect()
    }

    /// Load a model from these tensors, and return it with the loader's warnings.
    fn load(&self, tensors: &BTreeMap<String, Stored>) -> Result<(Gpt2, Vec<Warning>), Error> {
        load_files(&self.config, &[(WEIGHTS, file(tensors))])
    }

    /// The largest difference between its log-probabilities and those of a loaded model.
    fn difference(&self, model: &Gpt2, tied: bool) -> f64 {
        let ids = [3, 1, 4, 1, 5, 9];
        let expected = self.log_probs(&ids, tied).concat();
        let cache = pollster::block_on(model.run_with_cache(&[ids.to_vec()], &NoPause)).unwrap();
        let logits = model.unembed(cache.final_resid());
        let log_probs: Tensor<3> = burn::tensor::activation::log_softmax(logits, 2);
        let log_probs = log_probs.into_data().try_into_vec::<f32>().unwrap();
        let differences = log_probs
            .iter()
            .zip(&expected)
            .map(|(a, b)| (f64::from(*a) - b).abs());
        differences.fold(0.0, f64::max)
    }
}

fn file(tensors: &BTreeMap<String, Stored>) -> Vec<u8> {
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name, TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

fn load_files(config: &Value, files: &[(&str, Vec<u8>)]) -> Result<(Gpt2, Vec<Warning>), Error> {
    let config = Config::from_json(config.to_string().as_bytes())?;
    let mut loader = Loader::new(config, &Device::flex());
    for (name, bytes) in files {
        let mut file = loader.file(name);
        file.push(bytes)?;
        file.end()?;
    }
    let warnings = loader.warnings();
    Ok((loader.finish()?, warnings))
}

fn zeros(dtype: Dtype, shape: &[usize]) -> Stored {
    let n: usize = shape.iter().product();
    (dtype, shape.to_vec(), vec![0; n * dtype.bitsize() / 8])
}

/// All warnings in one text.
fn text(warnings: &[Warning]) -> String {
    let messages = warnings.iter().map(|warning| &warning.message[..]);
    messages.collect::<Vec<_>>().join("\n")
}

const ACTIVATIONS: [&str; 8] = [
    "gelu_new",
    "gelu_pytorch_tanh",
    "gelu_fast",
    "gelu",
    "quick_gelu",
    "relu",
    "silu",
    "tanh",
];

/// Both flags in all combinations.
const SCALES: [[bool; 2]; 4] = [[true, false], [true, true], [false, false], [false, true]];

fn with(activation: &str, [by_width, by_layer]: [bool; 2]) -> Model {
    random(json!({
        "activation_function": activation,
        "scale_attn_weights": by_width,
        "scale_attn_by_inverse_layer_idx": by_layer,
        "reorder_and_upcast_attn": by_layer,
    }))
}

#[test]
fn activations_and_scales_agree_with_transformers() {
    for activation in ACTIVATIONS {
        for scale in SCALES {
            let model = with(activation, scale);
            let (loaded, warnings) = model.load(&model.tied()).unwrap();
            assert_eq!(warnings, []);
            let difference = model.difference(&loaded, true);
            assert!(difference < 1e-5, "{activation} {scale:?}: {difference}");
        }
    }
}

/// Sweeps agree with the oracle and estimates with its central differences. This tests the backward pass through each
/// activation function, and queries with a folded scale.
#[test]
fn sweeps_and_estimates_follow_activations_and_scales() {
    let kinds = ACTIVATIONS.into_iter().zip(SCALES.into_iter().cycle());
    for (activation, scale) in kinds {
        let model = with(activation, scale);
        let (loaded, _) = model.load(&model.tied()).unwrap();
        let pair = PromptPair {
            clean: vec![3, 1, 4, 1, 5],
            corrupted: vec![3, 2, 4, 1, 5],
            answers: vec![7],
            distractors: vec![8],
        };
        let batch = Batch::new(vec![pair], None, &loaded.config).unwrap();
        let what = format!("{activation} {scale:?}");
        for layer_norm in [LayerNorm::Frozen, LayerNorm::Exact] {
            check_sweeps(&loaded, &batch, layer_norm, &what);
            check_attribution(&loaded, &batch, layer_norm, &what);
        }
    }
}

#[test]
fn number_types_are_converted_to_f32() {
    let model = random(json!({"tie_word_embeddings": false}));
    for dtype in [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16] {
        let model = model.rounded_to(dtype);
        let (loaded, warnings) = model.load(&model.stored(dtype)).unwrap();
        assert_eq!(warnings, []);
        let difference = model.difference(&loaded, false);
        assert!(difference < 1e-5, "{dtype}: {difference}");
    }
    let mut tensors = model.stored(Dtype::F64);
    let (_, _, bytes) = tensors.get_mut("h.1.mlp.c_fc.bias").unwrap();
    bytes[8..16].copy_from_slice(&1e39_f64.to_le_bytes());
    let error = model.load(&tensors).map(|_| ()).unwrap_err();
    assert_eq!(error.what, "tensor h.1.mlp.c_fc.bias");
    assert!(
        error.expected.contains("within the range of f32"),
        "{error}"
    );
    assert_eq!(error.got, "inf at element 1");
}

#[test]
fn names_may_have_the_prefixes_of_tools() {
    let model = random(json!({"tie_word_embeddings": false}));
    for (body, head) in [
        ("", ""),
        ("transformer.", ""),
        ("module.transformer.", "module."),
        ("_orig_mod.transformer.", "_orig_mod."),
        ("module._orig_mod.transformer.", "module._orig_mod."),
        ("model.transformer.", "model."),
        ("base_model.model.transformer.", "base_model.model."),
        ("pretrained_model.transformer.", "pretrained_model."),
        (
            "_forward_module.model.gpt2.transformer.",
            "_forward_module.model.gpt2.",
        ),
    ] {
        let rename = |(name, tensor): (String, Stored)| match &name[..] {
            "lm_head.weight" => (format!("{head}{name}"), tensor),
            _ => (format!("{body}{name}"), tensor),
        };
        let tensors = model.stored(Dtype::F32).into_iter().map(rename).collect();
        let (loaded, warnings) = model.load(&tensors).unwrap();
        assert_eq!(warnings, [], "{body}");
        let difference = model.difference(&loaded, false);
        assert!(difference < 1e-5, "{body}: {difference}");
    }
    let mut tensors = model.stored(Dtype::F32);
    let again = tensors["ln_f.bias"].clone();
    tensors.insert("module.transformer.ln_f.bias".into(), again);
    let error = model.load(&tensors).map(|_| ()).unwrap_err();
    assert!(
        error
            .got
            .contains("ln_f.bias and module.transformer.ln_f.bias")
            || error
                .got
                .contains("module.transformer.ln_f.bias and ln_f.bias"),
        "{error}"
    );
}

/// In one file, and in two files with an index.
#[test]
fn a_model_behind_any_prefix_is_found_with_a_warning() {
    let model = random(json!({"tie_word_embeddings": false}));
    for (body, head, prefix) in [
        ("student.", "student.", "student."),
        ("llm.transformer.", "llm.", "llm."),
        ("module.decoder.lm.gpt2.", "", "module.decoder."),
        ("a.b.transformer.", "a.b.", "a.b."),
    ] {
        let rename = |(name, tensor): (String, Stored)| match &name[..] {
            "lm_head.weight" => (format!("{head}{name}"), tensor),
            _ => (format!("{body}{name}"), tensor),
        };
        let mut tensors: BTreeMap<_, _> =
            model.stored(Dtype::F32).into_iter().map(rename).collect();
        // Some tensors of another model, which is incomplete.
        for name in ["wpe.weight", "h.0.ln_1.bias"] {
            tensors.insert(format!("teacher.{name}"), zeros(Dtype::F32, &[3]));
        }
        let check = |loaded: &Gpt2, warnings: &[Warning]| {
            let text = text(warnings);
            assert_eq!(warnings.len(), 2, "{text}");
            assert!(
                text.contains(&format!("names begin with {prefix:?}")),
                "{text}"
            );
            assert!(text.contains("ignored: teacher.h.0.ln_1.bias"), "{text}");
            let difference = model.difference(loaded, false);
            assert!(difference < 1e-5, "{body}: {difference}");
        };
        let (loaded, warnings) = model.load(&tensors).unwrap();
        check(&loaded, &warnings);

        let names = ["a.safetensors", "b.safetensors"];
        let map: BTreeMap<&String, &str> = tensors
            .keys()
            .enumerate()
            .map(|(i, name)| (name, names[i % 2]))
            .collect();
        let index = json!({"weight_map": map}).to_string();
        let config = Config::from_json(model.config.to_string().as_bytes()).unwrap();
        let mut loader = Loader::new(config, &Device::flex());
        assert_eq!(loader.files(index.as_bytes()).unwrap(), names);
        for name in names {
            let of_file = tensors.iter().filter(|(tensor, _)| map[tensor] == name);
            let of_file = of_file.map(|(name, tensor)| (name.clone(), tensor.clone()));
            let mut reading = loader.file(name);
            reading.push(&file(&of_file.collect())).unwrap();
            reading.end().unwrap();
        }
        let warnings = loader.warnings();
        check(&loader.finish().unwrap(), &warnings);
    }
}

#[test]
fn a_tied_table_has_either_name_or_both() {
    let model = random(json!({}));
    let untied = model.stored(Dtype::F32);
    let table = untied["wte.weight"].clone();
    let tied = model.tied();
    let mut renamed = tied.clone();
    renamed.remove("wte.weight").unwrap();
    renamed.insert("lm_head.weight".into(), table.clone());
    let mut repeated = tied.clone();
    repeated.insert("lm_head.weight".into(), table);
    for tensors in [&tied, &renamed, &repeated] {
        let (loaded, warnings) = model.load(tensors).unwrap();
        assert_eq!(warnings, []);
        assert!(loaded.config.tie_word_embeddings);
        let difference = model.difference(&loaded, true);
        assert!(difference < 1e-5, "{difference}");
        // The same in two files, with the table in the first or the last.
        let halves = [true, false].map(|is_first| {
            let half = tensors
                .iter()
                .filter(|(name, _)| (&name[..] < "h.2") == is_first);
            file(
                &half
                    .map(|(name, tensor)| (name.clone(), tensor.clone()))
                    .collect(),
            )
        });
        let names = [
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
        ];
        let map: BTreeMap<&String, &str> = tensors.keys().map(|name| (name, names[0])).collect();
        let index = json!({"weight_map": map}).to_string();
        let config = Config::from_json(model.config.to_string().as_bytes()).unwrap();
        assert_eq!(
            Loader::new(config.clone(), &Device::flex())
                .files(index.as_bytes())
                .unwrap(),
            [names[0]]
        );
        for order in [[0, 1], [1, 0]] {
            let files = order.map(|i| (names[i], halves[i].clone()));
            let (loaded, warnings) = load_files(&model.config, &files).unwrap();
            assert_eq!(warnings, []);
            let difference = model.difference(&loaded, true);
            assert!(difference < 1e-5, "{difference}");
        }
    }
    // If two tables differ, both are used whatever config.json says, as in transformers 5.
    let (loaded, warnings) = model.load(&untied).unwrap();
    assert!(
        text(&warnings).contains("they differ: both are used"),
        "{warnings:?}"
    );
    assert!(!loaded.config.tie_word_embeddings);
    let difference = model.difference(&loaded, false);
    assert!(difference < 1e-5, "{difference}");
}

#[test]
fn a_missing_table_of_an_untied_model_is_named() {
    let model = random(json!({"tie_word_embeddings": false}));
    let error = model.load(&model.tied()).map(|_| ()).unwrap_err();
    assert_eq!(error.what, "tensor lm_head.weight");
    assert!(
        error.got.contains("tie_word_embeddings is false"),
        "{error}"
    );
    let mut tensors = model.stored(Dtype::F32);
    tensors.remove("wte.weight").unwrap();
    let error = model.load(&tensors).map(|_| ()).unwrap_err();
    assert_eq!(error.what, "tensor wte.weight");
}

#[test]
fn tensors_that_a_language_model_does_not_use_are_ignored_with_a_warning() {
    for (name, part) in [
        (
            "v_head.summary.weight",
            "v_head.summary.weight (another head",
        ),
        ("score.weight", "score.weight (a classifier's head"),
        ("multiple_choice_head.summary.bias", "(another head"),
        ("h.1.crossattention.c_attn.weight", "(cross-attention"),
        ("transformer.h.0.ln_cross_attn.bias", "(cross-attention"),
        (
            "reward.model.weight",
            "(not a tensor of transformers' GPT2LMHeadModel",
        ),
        ("lm_head.bias", "lm_head.bias (a bias of the logits"),
        ("h.01.ln_1.bias", "(not a tensor of transformers'"),
        ("h.1.attn.tril", "h.1.attn.tril (buffers"),
        ("transformer.h.2.attn.rotary.inv_freq", "inv_freq (buffers"),
        ("h.3.ln_1.bias", "(blocks beyond config.json's n_layer"),
        ("h.3.attn.q_norm.weight", "(blocks beyond"),
    ] {
        let model = random(json!({}));
        let mut tensors = model.tied();
        tensors.insert(name.into(), zeros(Dtype::F32, &[5]));
        let (loaded, warnings) = model.load(&tensors).unwrap();
        assert!(text(&warnings).contains(part), "{warnings:?}");
        assert_eq!(warnings.len(), 1);
        let difference = model.difference(&loaded, true);
        assert!(difference < 1e-5, "{name}: {difference}");
    }
    let model = random(json!({"architectures": ["GPT2ForSequenceClassification"]}));
    let mut tensors = model.tied();
    tensors.insert("score.weight".into(), zeros(Dtype::F16, &[2, D]));
    let (_, warnings) = model.load(&tensors).unwrap();
    let text = text(&warnings);
    assert!(
        text.contains("GPT2ForSequenceClassification: a classifier"),
        "{text}"
    );
    assert!(text.contains("score.weight"), "{text}");
}

/// In transformers, fewer layers in config.json than in the file give a shorter model.
#[test]
fn a_file_may_have_more_blocks_than_the_model() {
    let model = random(json!({}));
    let mut tensors = model.tied();
    for (name, tensor) in model.tied() {
        if let Some(name) = name.strip_prefix("h.0.") {
            tensors.insert(format!("h.{LAYERS}.{name}"), tensor.clone());
            tensors.insert(format!("h.{}.{name}", LAYERS + 1), tensor);
        }
    }
    let (loaded, warnings) = model.load(&tensors).unwrap();
    assert_eq!(loaded.layers.len(), LAYERS);
    assert!(model.difference(&loaded, true) < 1e-5);
    let text = text(&warnings);
    assert_eq!(warnings.len(), 1, "{text}");
    assert!(
        text.contains("h.3.attn.c_attn.bias") && text.contains("and 20 more (blocks beyond"),
        "{text}"
    );
}

#[test]
fn buffers_in_a_block_are_ignored() {
    let model = random(json!({}));
    for dtype in [Dtype::BOOL, Dtype::U8, Dtype::I64] {
        let mut tensors = model.tied();
        let name = "h.1.attn.mask.weight";
        tensors.insert(name.into(), zeros(dtype, &[POSITIONS, POSITIONS]));
        let (loaded, warnings) = model.load(&tensors).unwrap();
        assert!(model.difference(&loaded, true) < 1e-5);
        assert!(text(&warnings).contains(name), "{warnings:?}");
    }
    let mut tensors = model.tied();
    tensors.insert("h.1.attn.mask.weight".into(), zeros(Dtype::F32, &[1]));
    let error = model.load(&tensors).map(|_| ()).unwrap_err();
    assert_eq!(error.what, "tensor h.1.attn.mask.weight");
}

/// The default is used, and the error says which field to add.
#[test]
fn a_number_that_config_json_leaves_out_is_named() {
    let mut model = random(json!({"n_ctx": POSITIONS}));
    model.config.as_object_mut().unwrap().remove("n_positions");
    let error = model.load(&model.tied()).map(|_| ()).unwrap_err();
    assert_eq!(error.what, "tensor wpe.weight");
    assert!(
        error
            .got
            .contains("config.json says 1024 (or leaves n_positions out)"),
        "{error}"
    );
}

#[test]
fn mask_buffers_of_any_type_are_ignored() {
    let model = random(json!({}));
    let mut tensors = model.tied();
    for (layer, dtype) in [Dtype::BOOL, Dtype::U8, Dtype::F16].into_iter().enumerate() {
        let mask = zeros(dtype, &[1, 1, POSITIONS, POSITIONS]);
        tensors.insert(format!("transformer.h.{layer}.attn.bias"), mask);
        let mut lowest = zeros(Dtype::F16, &[]);
        lowest.2 = half::f16::NEG_INFINITY.to_le_bytes().to_vec();
        tensors.insert(format!("transformer.h.{layer}.attn.masked_bias"), lowest);
    }
    let (loaded, warnings) = model.load(&tensors).unwrap();
    assert_eq!(warnings, []);
    assert!(model.difference(&loaded, true) < 1e-5);
}

/// Each error is one line that says what was found and what to do.
#[test]
fn checkpoints_that_cannot_be_read_are_recognised() {
    type Change = fn(&mut BTreeMap<String, Stored>);
    let transpose: Change = |tensors| {
        for (name, (_, shape, _)) in tensors.iter_mut() {
            if name.starts_with("h.") {
                shape.reverse();
            }
        }
    };
    let no_biases: Change = |tensors| tensors.retain(|name, _| !name.ends_with("bias"));
    let cases: [(&str, Change, &[&str]); 10] = [
        (
            "nanoGPT",
            |tensors| {
                tensors.retain(|name, _| !name.ends_with("bias"));
                for (name, (_, shape, _)) in tensors.iter_mut() {
                    if name.starts_with("h.") {
                        shape.reverse();
                    }
                }
            },
            &[
                "c_attn.weight",
                "[24, 8]",
                "Linear",
                "transposed",
                "no biases",
            ],
        ),
        ("Linear", transpose, &["Linear", "transposed"]),
        ("no biases", no_biases, &["h.0.ln_1.bias", "without biases"]),
        (
            "LoRA",
            |tensors| {
                let name = "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight";
                tensors.insert(name.into(), zeros(Dtype::F32, &[4, 8]));
            },
            &["lora_A", "LoRA adapter", "merge_and_unload"],
        ),
        (
            "bitsandbytes",
            |tensors| {
                tensors.insert("h.0.mlp.c_fc.SCB".into(), zeros(Dtype::F32, &[12]));
            },
            &["h.0.mlp.c_fc.SCB", "quantised", "dequantize()"],
        ),
        (
            "int8",
            |tensors| {
                tensors.insert("h.0.mlp.c_fc.weight".into(), zeros(Dtype::I8, &[8, 12]));
            },
            &["h.0.mlp.c_fc.weight", "I8, quantised"],
        ),
        (
            "Llama",
            |tensors| {
                tensors.clear();
                let name = "model.layers.0.self_attn.q_proj.weight";
                tensors.insert(name.into(), zeros(Dtype::BF16, &[8, 8]));
            },
            &["self_attn.q_proj.weight", "Llama"],
        ),
        (
            "another prefix",
            |tensors| {
                tensors.remove("h.1.ln_1.bias").unwrap();
                let all = std::mem::take(tensors).into_iter();
                tensors.extend(all.map(|(name, tensor)| (format!("speaker.{name}"), tensor)));
            },
            &["speaker.", "remove the prefix \"speaker.\" from"],
        ),
        (
            "two models",
            |tensors| {
                let all = std::mem::take(tensors);
                for prefix in ["student", "teacher.transformer"] {
                    let all = all.clone().into_iter();
                    tensors.extend(all.map(|(n, tensor)| (format!("{prefix}.{n}"), tensor)));
                }
            },
            &["expected one model", "\"student.\" and \"teacher.\""],
        ),
        (
            "another vocabulary",
            |tensors| {
                tensors.insert("wte.weight".into(), zeros(Dtype::F32, &[13, 8]));
            },
            &[
                "wte.weight",
                "[11, 8]",
                "[13, 8]",
                "vocab_size",
                "put \"vocab_size\": 13 there",
            ],
        ),
    ];
    for (what, change, words) in cases {
        let model = random(json!({}));
        let mut tensors = model.tied();
        change(&mut tensors);
        let error = model.load(&tensors).map(|_| ()).unwrap_err().to_string();
        assert!(
            words.iter().all(|word| error.contains(word)),
            "{what}: {error}"
        );
        // An index has only names.
        let map: BTreeMap<&String, &str> = tensors.keys().map(|n| (n, "a.safetensors")).collect();
        let index = json!({"weight_map": map}).to_string();
        let config = Config::from_json(model.config.to_string().as_bytes()).unwrap();
        let of_index = Loader::new(config.clone(), &Device::flex()).files(index.as_bytes());
        let shows = [
            "no biases",
            "LoRA",
            "bitsandbytes",
            "Llama",
            "another prefix",
            "two models",
        ];
        assert_eq!(
            of_index.is_err(),
            shows.contains(&what) || what == "nanoGPT",
            "{what}"
        );
    }
}

#[test]
fn files_of_other_kinds_are_recognised_with_advice() {
    let model = random(json!({}));
    for (bytes, words) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 548105171\n"[..],
            &["Git LFS pointer", "git lfs pull"][..],
        ),
        (
            b"<!DOCTYPE html><html><title>Sign in</title></html>",
            &["HTML"],
        ),
        (
            b"PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl",
            &["zip", "save_pretrained"],
        ),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", &["pickle"]),
        (b"GGUF\x03\0\0\0\0\0\0\0", &["GGUF"]),
        (b"Entry not found", &["text", "Entry not found"]),
        (b"{\"error\": \"Invalid credentials\"}", &["JSON"]),
        (b"", &["empty file"]),
        (&[0; 4096], &["zeros"]),
    ] {
        for size in [1, 5, 4096] {
            let config = Config::from_json(model.config.to_string().as_bytes()).unwrap();
            let mut loader = Loader::new(config, &Device::flex());
            let mut file = loader.file(WEIGHTS);
            let pushed = bytes.chunks(size).try_for_each(|piece| file.push(piece));
            let error = pushed.and_then(|()| file.end()).unwrap_err().to_string();
            assert!(error.starts_with("model.safetensors: expected "), "{error}");
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }
}

/// For a directory without a complete model, the error names the missing file, what was found, and what to do.
#[test]
fn directories_without_a_model_are_explained() {
    let model = random(json!({}));
    let config = model.config.to_string();
    let names: BTreeMap<String, &str> = model
        .tied()
        .into_keys()
        .map(|name| (name, "model-00001-of-00001.safetensors"))
        .collect();
    let index = json!({"weight_map": names}).to_string();
    for (files, what, got) in [
        (
            &["config.json", "pytorch_model.bin"][..],
            "model.safetensors",
            "pytorch_model.bin",
        ),
        (
            &["adapter_config.json", "adapter_model.safetensors"],
            "config.json",
            "LoRA adapter",
        ),
        (
            &["config.json", "model.safetensors.index.json"],
            "model-00001-of-00001.safetensors",
            "no such file",
        ),
        (&[], "config.json", "no files"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        for name in files {
            let text: &str = match *name {
                "config.json" => &config,
                "model.safetensors.index.json" => &index,
                _ => "",
            };
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let loaded = pollster::block_on(directory::load(directory.path(), DeviceChoice::Cpu));
        let error = loaded.map(|_| ()).unwrap_err();
        assert_eq!(error.code, Code::Checkpoint);
        assert_eq!(error.what, what, "{error}");
        assert!(error.got.contains(got), "{error}");
    }
}

/// A huge file with the name of a small one is not read into memory.
#[test]
fn files_that_are_far_too_large_are_not_read() {
    let model = random(json!({}));
    for (name, most, code) in [
        ("config.json", 1 << 20, Code::Config),
        ("tokenizer.json", 64 << 20, Code::Tokenizer),
        ("merges.txt", 64 << 20, Code::Tokenizer),
        ("model.safetensors.index.json", 16 << 20, Code::Checkpoint),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("config.json");
        std::fs::write(config, model.config.to_string()).unwrap();
        let path = directory.path().join(name);
        // A sparse file, which needs no space on disk.
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .unwrap();
        file.set_len(1 << 40).unwrap();
        let loaded = pollster::block_on(directory::load(directory.path(), DeviceChoice::Cpu));
        let error = loaded.map(|_| ()).unwrap_err();
        assert_eq!(error.code, code);
        assert_eq!(error.what, path.display().to_string());
        let expected = format!("a file of at most {} MiB", most >> 20);
        assert_eq!(error.expected, expected);
    }
}

/// A header that claims a terabyte allocates nothing before the bytes arrive.
#[test]
fn claimed_sizes_are_not_allocated() {
    let config = json!({
        "model_type": "gpt2", "n_layer": 1, "n_head": 1, "n_embd": 1 << 16, "n_positions": 1 << 20,
        "vocab_size": 1 << 24,
    });
    let config = Config::from_json(config.to_string().as_bytes()).unwrap();
    let bytes = 4_u64 << 40;
    let header = json!({"wte.weight": {
        "dtype": "F32", "shape": [1 << 24, 1 << 16], "data_offsets": [0, bytes],
    }});
    let header = header.to_string();
    let mut loader = Loader::new(config, &Device::flex());
    let mut file = loader.file("model-00001-of-00002.safetensors");
    file.push(&(header.len() as u64).to_le_bytes()).unwrap();
    file.push(header.as_bytes()).unwrap();
    file.push(&[0; 100]).unwrap();
    let error = file.end().unwrap_err();
    assert!(error.got.contains("truncated?"), "{error}");
}

/// Files with bytes changed, cut off and repeated, in pieces of any size, give a model or an error.
#[test]
fn no_file_causes_a_panic() {
    let model = random(json!({}));
    let good = file(&model.tied());
    let header = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    let config = Config::from_json(model.config.to_string().as_bytes()).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut loaded = 0;
    for i in 0..2_000 {
        let mut bytes = good.clone();
        let end = if i % 4 == 0 { bytes.len() } else { header };
        for _ in 0..random.random_range(0..4) {
            let at = random.random_range(0..end.min(bytes.len()));
            match random.random_range(0..4) {
                0 => bytes[at] = random.random(),
                1 => bytes[at] = b"0123456789[]{},:\"."[random.random_range(0..18)],
                2 => drop(bytes.splice(at..at, *b"9")),
                _ => {
                    bytes.remove(at);
                }
            }
        }
        if random.random_bool(0.1) {
            bytes.truncate(random.random_range(0..bytes.len()));
        }
        let mut loader = Loader::new(config.clone(), &Device::flex());
        let name = if random.random_bool(0.5) {
            WEIGHTS
        } else {
            "part.safetensors"
        };
        let mut file = loader.file(name);
        let mut left = &bytes[..];
        let mut result = Ok(());
        while !left.is_empty() && result.is_ok() {
            let (piece, rest) = left.split_at(random.random_range(1..=left.len()));
            result = file.push(piece);
            left = rest;
        }
        let ended = file.end();
        loader.warnings();
        if loader.finish().is_ok() && result.is_ok() && ended.is_ok() {
            loaded += 1;
        }
    }
    assert!(
        (200..1900).contains(&loaded),
        "{loaded} of 2,000 were loaded"
    );
}

/// The same for indices.
#[test]
fn no_index_causes_a_panic() {
    let model = random(json!({}));
    let config = Config::from_json(model.config.to_string().as_bytes()).unwrap();
    let map: BTreeMap<String, &str> = model
        .tied()
        .into_keys()
        .map(|name| (name, "a-b.safetensors"))
        .collect();
    let good = json!({"metadata": {"total_size": 12}, "weight_map": map})
        .to_string()
        .into_bytes();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut read = 0;
    for _ in 0..5_000 {
        let mut bytes = good.clone();
        for _ in 0..random.random_range(0..3) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random_range(32..127);
        }
        if let Ok(files) = Loader::new(config.clone(), &Device::flex()).files(&bytes) {
            let is_plain = |file: &String| !file.contains(['/', '\\', ':', '?', '#', '%']);
            assert!(files.iter().all(is_plain), "{files:?}");
            read += 1;
        }
    }
    assert!(read > 500, "only {read} were accepted");
}
