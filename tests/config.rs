//! `config.json`: the fields that are read, and the values that are refused.

use burn::tensor::{Device, Tensor};
use pathpatch::{
    error::Code,
    gpt2::Config,
    ops::{Activation, layer_norm},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::common::{RANDOM_MODELS, fixtures, model};

fn gpt2_small() -> Value {
    json!({
        "model_type": "gpt2", "n_layer": 12, "n_head": 12, "n_embd": 768, "n_positions": 1024,
        "vocab_size": 50257, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
    })
}

fn parse(config: &Value) -> pathpatch::error::Result<Config> {
    Config::from_json(config.to_string().as_bytes())
}

#[test]
fn gpt2_small_has_the_published_shape_and_parameter_count() {
    let config = parse(&gpt2_small()).unwrap();
    assert_eq!((config.d_head, config.d_mlp), (64, 3072));
    assert_eq!(config.bos_token_id, Some(50256));
    assert!(config.tie_word_embeddings);
    assert_eq!(config.n_params(), 124_439_808);
}

#[test]
fn parameter_counts_agree_with_the_weights() {
    for name in RANDOM_MODELS {
        let model = model(fixtures().join(name));
        let c = &model.config;
        let of_blocks: usize = model
            .layers
            .blocks()
            .map(|b| {
                let matrices =
                    [&b.w_qkv, &b.w_o, &b.w_in, &b.w_out].map(|w| w.dims().iter().product());
                let vectors = [&b.b_qkv, &b.b_o, &b.b_in, &b.b_out].map(|b| b.dims()[0]);
                let norms = 4 * c.d_model;
                matrices.iter().chain(&vectors).sum::<usize>() + norms
            })
            .sum();
        let embeddings = (c.d_vocab + c.n_ctx) * c.d_model;
        let lm_head = if c.tie_word_embeddings {
            0
        } else {
            c.d_vocab * c.d_model
        };
        assert_eq!(
            c.n_params(),
            (of_blocks + embeddings + 2 * c.d_model + lm_head) as u64,
            "{name}"
        );
    }
}

/// Each line is a field, a bad value, and the end of the error.
#[test]
fn fields_that_cannot_be_read_are_named() {
    for (field, value, got) in [
        ("model_type", json!("llama"), "got llama"),
        ("activation_function", json!("mish"), "got mish"),
        ("activation_function", json!(null), "got null"),
        (
            "scale_attn_by_inverse_layer_idx",
            json!("yes"),
            "got \"yes\"",
        ),
        ("pruned_heads", json!({"0": [1]}), "got {\"0\":[1]}"),
        (
            "quantization_config",
            json!({"bits": 4}),
            "got {\"bits\":4}",
        ),
        ("n_embd", json!(770), "got 770"),
        ("n_layer", json!(0), "got 0"),
        ("n_head", json!(0), "got 0"),
        ("n_inner", json!(0), "got 0"),
        ("n_layer", json!(1_000_000_000_000_u64), "got 1000000000000"),
        ("n_embd", json!(1_u64 << 32), "got 4294967296"),
        ("n_inner", json!((1_u64 << 18) + 1), "got 262145"),
        ("n_positions", json!(u64::MAX), "got 18446744073709551615"),
        ("vocab_size", json!(-1), "got -1"),
        ("n_layer", json!(12.0), "got 12.0"),
        ("n_layer", json!("twelve"), "got \"twelve\""),
        ("n_layer", json!(null), "got null"),
        ("layer_norm_epsilon", json!(-1.0), "got -1.0"),
        ("layer_norm_epsilon", json!(null), "got null"),
        ("layer_norm_epsilon", json!(2.0), "got 2.0"),
    ] {
        let mut config = gpt2_small();
        config[field] = value;
        let error = parse(&config).unwrap_err();
        assert_eq!(error.code, Code::Config);
        assert_eq!(error.what, format!("config.json field {field}"));
        assert!(error.to_string().ends_with(got), "{error}");
    }
    let mut config = gpt2_small();
    config["activation_function"] = json!("mish");
    let error = parse(&config).unwrap_err();
    assert!(
        error.expected.contains("gelu_new, ") && error.expected.contains("relu"),
        "{error}"
    );
}

#[test]
fn fields_without_influence_are_ignored() {
    let mut config = gpt2_small();
    config["attn_pdrop"] = json!(0.1);
    config["pruned_heads"] = json!({});
    config["quantization_config"] = json!(null);
    config["summary_type"] = json!("cls_index");
    config["bos_token_id"] = json!(null);
    config["n_inner"] = json!(null);
    config["reorder_and_upcast_attn"] = json!(true);
    config["n_ctx"] = json!(3);
    let read = parse(&config).unwrap();
    let expected = Config {
        bos_token_id: None,
        ..Config::default()
    };
    assert_eq!(read, expected);
}

/// transformers writes only what differs from GPT2Config's defaults, which are GPT-2 small.
#[test]
fn missing_fields_are_those_of_gpt2_small() {
    assert_eq!(
        parse(&json!({"model_type": "gpt2"})).unwrap(),
        Config::default()
    );
    assert_eq!(parse(&gpt2_small()).unwrap(), Config::default());
    let one = parse(&json!({"n_layer": 2})).unwrap();
    let expected = Config {
        n_layers: 2,
        ..Config::default()
    };
    assert_eq!(one, expected);
}

/// transformers sets the names in `GPT2Config.attribute_map` after GPT-2's own names, so these win.
#[test]
fn common_names_override_gpt2s_names() {
    let common = json!({
        "model_type": "gpt2", "num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 16,
        "max_position_embeddings": 48, "vocab_size": 333,
    });
    let config = parse(&common).unwrap();
    let shape = [
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.n_ctx,
        config.d_mlp,
    ];
    assert_eq!(shape, [2, 4, 16, 48, 64]);
    assert_eq!(config.warnings, []);

    let mut both = common.clone();
    both["n_layer"] = json!(2);
    assert_eq!(parse(&both).unwrap().warnings, []);
    both["n_layer"] = json!(3);
    let config = parse(&both).unwrap();
    assert_eq!(config.n_layers, 2);
    let warning = &config.warnings[0].message;
    assert!(
        warning.contains("n_layer 3 and num_hidden_layers 2"),
        "{warning}"
    );

    both["hidden_size"] = json!("wide");
    let error = parse(&both).unwrap_err();
    assert_eq!(error.what, "config.json field hidden_size");
}

#[test]
fn activations_have_the_names_of_transformers() {
    for (name, activation) in [
        ("gelu_new", Activation::GeluTanh),
        ("gelu_pytorch_tanh", Activation::GeluTanh),
        ("gelu_fast", Activation::GeluTanh),
        ("gelu", Activation::Gelu),
        ("quick_gelu", Activation::QuickGelu),
        ("relu", Activation::Relu),
        ("silu", Activation::Silu),
        ("swish", Activation::Silu),
        ("tanh", Activation::Tanh),
    ] {
        let mut config = gpt2_small();
        config["activation_function"] = json!(name);
        assert_eq!(parse(&config).unwrap().activation, activation);
    }
}

#[test]
fn scores_are_scaled_by_the_width_and_the_layer() {
    for (by_width, by_layer, expected) in [
        (true, false, [1.0, 1.0, 1.0]),
        (true, true, [1.0, 1.0 / 2.0, 1.0 / 3.0]),
        (false, false, [8.0, 8.0, 8.0]),
        (false, true, [8.0, 8.0 / 2.0, 8.0 / 3.0]),
    ] {
        let mut config = gpt2_small();
        config["scale_attn_weights"] = json!(by_width);
        config["scale_attn_by_inverse_layer_idx"] = json!(by_layer);
        let config = parse(&config).unwrap();
        assert_eq!([0, 1, 2].map(|layer| config.query_scale(layer)), expected);
    }
}

#[test]
fn a_classifier_and_cross_attention_give_warnings() {
    for name in [
        "GPT2ForSequenceClassification",
        "GPT2ForTokenClassification",
        "GPT2ForQuestionAnswering",
    ] {
        let mut config = gpt2_small();
        config["architectures"] = json!([name]);
        let warnings = parse(&config).unwrap().warnings;
        let [warning] = &warnings[..] else {
            panic!("{warnings:?}");
        };
        assert!(warning.message.contains(name) && warning.message.contains("classifier"));
    }
    for name in ["GPT2LMHeadModel", "GPT2Model", "GPT2DoubleHeadsModel"] {
        let mut config = gpt2_small();
        config["architectures"] = json!([name]);
        assert_eq!(parse(&config).unwrap().warnings, []);
    }
    let mut config = gpt2_small();
    config["add_cross_attention"] = json!(true);
    let warning = &parse(&config).unwrap().warnings[0];
    assert!(warning.message.contains("cross-attention is left out"));
}

#[test]
fn a_beginning_of_text_token_outside_the_vocabulary_is_ignored() {
    for (id, expected) in [(50256, Some(50256)), (50257, None), (-1, None)] {
        let mut config = gpt2_small();
        config["bos_token_id"] = json!(id);
        assert_eq!(parse(&config).unwrap().bos_token_id, expected);
    }
}

/// It influences no computation, so it is no reason to refuse a model.
#[test]
fn a_beginning_of_text_that_is_not_one_token_gives_a_warning() {
    for (value, expected, message) in [
        (json!([332]), Some(332), "[332] is not one token; token 332"),
        (json!([5, 6]), Some(5), "token 5, the first"),
        (json!([60000]), None, "token 60000"),
        (json!([]), None, "none is taken"),
        (json!("<s>"), None, "\"<s>\" is not one token; none"),
        (json!(1.5), None, "1.5 is not one token; none"),
        (json!({"id": 1}), None, "none is taken"),
        (json!(u64::MAX), None, "none is taken"),
    ] {
        let mut config = gpt2_small();
        config["bos_token_id"] = value;
        let config = parse(&config).unwrap();
        assert_eq!(config.bos_token_id, expected);
        let [warning] = &config.warnings[..] else {
            panic!("{:?}", config.warnings);
        };
        assert!(warning.message.contains(message), "{warning}");
    }
}

/// null becomes `None` in Python, which counts as false.
#[test]
fn flags_that_are_null_are_false() {
    let mut config = gpt2_small();
    for field in ["scale_attn_weights", "tie_word_embeddings"] {
        config[field] = json!(null);
    }
    config["scale_attn_by_inverse_layer_idx"] = json!(null);
    let config = parse(&config).unwrap();
    let flags = [
        config.scale_attn_weights,
        config.tie_word_embeddings,
        config.scale_attn_by_inverse_layer_idx,
    ];
    assert_eq!(flags, [false; 3]);
}

/// A row of equal numbers is normalised to zeros, any other row as without an epsilon.
#[test]
fn an_epsilon_of_zero_works() {
    for eps in [json!(0), json!(0.0), json!(1e-300)] {
        let mut config = gpt2_small();
        config["layer_norm_epsilon"] = eps;
        let eps = parse(&config).unwrap().eps;
        let rows = Tensor::<2>::from_data([[2.0, 2.0], [1.0, 3.0], [1e-6, -1e-6]], &Device::flex());
        let (normalised, scale) = layer_norm(rows, eps);
        let numbers = |x: Tensor<2>| x.into_data().try_into_vec::<f32>().unwrap();
        let close = |got: &[f32], expected: &[f32]| {
            let mut pairs = got.iter().zip(expected);
            got.len() == expected.len() && pairs.all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs())
        };
        let normalised = numbers(normalised);
        assert!(
            close(&normalised, &[0.0, 0.0, -1.0, 1.0, 1.0, -1.0]),
            "{normalised:?}"
        );
        assert!(close(&numbers(scale)[1..], &[1.0, 1e-6]));
    }
}

#[test]
fn the_largest_accepted_numbers_do_not_overflow() {
    let config = parse(&json!({
        "model_type": "gpt2", "n_layer": 1 << 10, "n_head": 1, "n_embd": 1 << 16, "n_inner": 1 << 18,
        "n_positions": 1 << 20, "vocab_size": 1 << 24, "tie_word_embeddings": false,
    }));
    let config = config.unwrap();
    let (d, m) = (1_u64 << 16, 1_u64 << 18);
    let blocks = (1 << 10) * (4 * d * d + 2 * d * m + m + 9 * d);
    let tables = (2 * (1 << 24) + (1 << 20)) * d;
    assert_eq!(config.n_params(), blocks + tables + 2 * d);
    assert_eq!(config.weight_bytes(), 4 * config.n_params());
}

#[test]
fn files_that_are_not_a_config_are_errors() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 665\n";
    for (bytes, got) in [
        (&b"<html>"[..], "HTML"),
        (&pointer[..], "git lfs pull"),
        (&b""[..], "empty file"),
        (&b"{\"n_layer\": "[..], "EOF"),
        (&b"[12]"[..], "expected a map"),
        (&b"{}"[..], "none of them"),
        (br#"{"tokenizer_class": "GPT2Tokenizer"}"#, "none of them"),
        (
            br#"{"architectures": ["LlamaForCausalLM"]}"#,
            "LlamaForCausalLM",
        ),
    ] {
        let error = Config::from_json(bytes).unwrap_err();
        assert_eq!(error.code, Code::Config);
        assert!(error.got.contains(got), "{error}");
    }
    let marked = [b"\xef\xbb\xbf", gpt2_small().to_string().as_bytes()].concat();
    assert_eq!(Config::from_json(&marked).unwrap(), Config::default());
}

/// Configurations with values of every kind in every field, and with changed bytes, give either an error or a model
/// whose parameters can be counted.
#[test]
fn no_config_causes_a_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(-7),
        json!(u64::MAX),
        json!(1e300),
        json!(0.5),
        json!("gpt2"),
        json!("gelu"),
        json!([]),
        json!(["GPT2ForSequenceClassification", 3]),
        json!({"a": {"b": []}}),
    ];
    let fields = [
        "model_type",
        "architectures",
        "n_layer",
        "num_hidden_layers",
        "n_head",
        "num_attention_heads",
        "n_embd",
        "hidden_size",
        "n_inner",
        "n_positions",
        "max_position_embeddings",
        "vocab_size",
        "layer_norm_epsilon",
        "activation_function",
        "scale_attn_weights",
        "tie_word_embeddings",
        "scale_attn_by_inverse_layer_idx",
        "add_cross_attention",
        "pruned_heads",
        "quantization_config",
        "bos_token_id",
    ];
    let mut read = 0;
    for _ in 0..20_000 {
        let mut config = gpt2_small();
        for _ in 0..random.random_range(1..4) {
            let field = fields[random.random_range(0..fields.len())];
            config[field] = values[random.random_range(0..values.len())].clone();
        }
        let mut bytes = config.to_string().into_bytes();
        if random.random_bool(0.5) {
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            bytes.truncate(random.random_range(0..2 * bytes.len()));
        }
        if let Ok(config) = Config::from_json(&bytes) {
            assert!(config.n_params() > 0 && config.d_head * config.n_heads == config.d_model);
            read += 1;
        }
    }
    assert!(read > 300, "only {read} were accepted");
}
