//! `config.json`: what is read from it, and every field that is refused.

use pathpatch::{error::Code, gpt2::Config};
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
fn parameter_counts_are_those_of_the_weights() {
    for name in RANDOM_MODELS {
        let model = model(fixtures().join(name));
        let c = &model.config;
        let of_blocks: usize = model
            .blocks
            .iter()
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
            of_blocks + embeddings + 2 * c.d_model + lm_head,
            "{name}"
        );
    }
}

#[test]
fn fields_that_change_the_maths_are_named() {
    for (field, value, got) in [
        ("model_type", json!("llama"), "got llama"),
        ("activation_function", json!("relu"), "got relu"),
        ("scale_attn_weights", json!(false), "got false"),
        ("scale_attn_by_inverse_layer_idx", json!(true), "got true"),
        ("add_cross_attention", json!(true), "got true"),
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
        ("layer_norm_epsilon", json!(-1.0), "got -1"),
    ] {
        let mut config = gpt2_small();
        config[field] = value;
        let error = parse(&config).unwrap_err();
        assert_eq!(error.code, Code::Config);
        assert_eq!(error.what, format!("config.json field {field}"));
        assert!(error.to_string().ends_with(got), "{error}");
    }
}

#[test]
fn fields_without_influence_are_passed_over() {
    let mut config = gpt2_small();
    config["attn_pdrop"] = json!(0.1);
    config["pruned_heads"] = json!({});
    config["summary_type"] = json!("cls_index");
    config["bos_token_id"] = json!(null);
    config["activation_function"] = json!("gelu_pytorch_tanh");
    assert_eq!(parse(&config).unwrap().bos_token_id, None);
}

#[test]
fn what_is_no_config_is_an_error() {
    for (bytes, got) in [
        (&b"<html>"[..], "expected value at line 1 column 1"),
        (&b"{}"[..], "missing field `n_layer`"),
        (&b""[..], "EOF"),
    ] {
        let error = Config::from_json(bytes).unwrap_err();
        assert_eq!(error.code, Code::Config);
        assert!(error.got.contains(got), "{error}");
    }
    let mut config = gpt2_small();
    config["n_head"] = json!("twelve");
    assert!(parse(&config).unwrap_err().got.contains("invalid type"));
}
