//! Makes inputs: valid files of many kinds, most of them changed by [`crate::mutate`].

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::mutate;

/// The configuration of the model for [`safetensors`] and [`index`].
pub const CONFIG: &str = r#"{"model_type":"gpt2","n_layer":2,"n_head":2,"n_embd":4,"n_positions":8,"vocab_size":7,"layer_norm_epsilon":1e-05,"activation_function":"gelu_new","bos_token_id":0,"tie_word_embeddings":true}"#;

const CONFIGS: [&[u8]; 5] = [
    include_bytes!("../../www/models/ioi-demo/config.json"),
    include_bytes!("../../tests/fixtures/hub-f16/config.json"),
    include_bytes!("../../tests/fixtures/untied-bf16/config.json"),
    include_bytes!("../../tests/fixtures/prefixed-f32/config.json"),
    CONFIG.as_bytes(),
];
/// Complete models from the tests.
const MODELS: [(&[u8], &[u8]); 3] = [
    (
        CONFIGS[1],
        include_bytes!("../../tests/fixtures/hub-f16/model.safetensors"),
    ),
    (
        CONFIGS[2],
        include_bytes!("../../tests/fixtures/untied-bf16/model.safetensors"),
    ),
    (
        CONFIGS[3],
        include_bytes!("../../tests/fixtures/prefixed-f32/model.safetensors"),
    ),
];
const DEMO_TOKENIZER: &[u8] = include_bytes!("../../www/models/ioi-demo/tokenizer.json");

type Mutation = fn(&mut Vec<u8>, &mut ChaCha8Rng);

/// Change an input up to four times; one in 16 stays as it is.
fn changed(mut input: Vec<u8>, mutate: Mutation, rng: &mut ChaCha8Rng) -> Vec<u8> {
    if !rng.random_ratio(1, 16) {
        for _ in 0..rng.random_range(1..=4) {
            mutate(&mut input, rng);
        }
    }
    input
}

fn one_of<'a, T>(all: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    &all[rng.random_range(0..all.len())]
}

/// A `config.json`.
pub fn config(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let seed = one_of(&CONFIGS, rng).to_vec();
    changed(seed, mutate::json, rng)
}

/// A `model.safetensors` for [`CONFIG`].
pub fn safetensors(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let seed = tiny_weights(rng);
    changed(seed, mutate::safetensors, rng)
}

/// A `model.safetensors.index.json` for [`CONFIG`].
pub fn index(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let files = [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ];
    let prefix = *one_of(&["", "transformer."], rng);
    let map: serde_json::Map<String, Value> = tiny_layout()
        .into_iter()
        .map(|(name, _)| (format!("{prefix}{name}"), json!(one_of(&files, rng))))
        .collect();
    let index = json!({"metadata": {"total_size": 1234}, "weight_map": map});
    changed(index.to_string().into_bytes(), mutate::json, rng)
}

/// A `config.json` and its `model.safetensors`.
pub fn model(rng: &mut ChaCha8Rng) -> Vec<u8> {
    // The tests' models take longer, so use them less often.
    let (config, weights) = match rng.random_ratio(1, 8) {
        true => {
            let (config, weights) = one_of(&MODELS, rng);
            (config.to_vec(), weights.to_vec())
        }
        false => (CONFIG.as_bytes().to_vec(), tiny_weights(rng)),
    };
    let (config, weights) = match rng.random_range(0..3) {
        0 => (config, changed(weights, mutate::safetensors, rng)),
        1 => (changed(config, mutate::json, rng), weights),
        _ => {
            let config = changed(config, mutate::json, rng);
            (config, changed(weights, mutate::safetensors, rng))
        }
    };
    [&config[..], b"\0", &weights].concat()
}

/// Names and shapes of the tensors of [`CONFIG`].
fn tiny_layout() -> Vec<(String, Vec<usize>)> {
    let (d, layers) = (4, 2);
    let mut tensors = vec![
        ("wte.weight".to_string(), vec![7, d]),
        ("wpe.weight".to_string(), vec![8, d]),
    ];
    for layer in 0..layers {
        for (name, shape) in [
            ("ln_1.weight", vec![d]),
            ("ln_1.bias", vec![d]),
            ("attn.c_attn.weight", vec![d, 3 * d]),
            ("attn.c_attn.bias", vec![3 * d]),
            ("attn.c_proj.weight", vec![d, d]),
            ("attn.c_proj.bias", vec![d]),
            ("ln_2.weight", vec![d]),
            ("ln_2.bias", vec![d]),
            ("mlp.c_fc.weight", vec![d, 4 * d]),
            ("mlp.c_fc.bias", vec![4 * d]),
            ("mlp.c_proj.weight", vec![4 * d, d]),
            ("mlp.c_proj.bias", vec![d]),
        ] {
            tensors.push((format!("h.{layer}.{name}"), shape));
        }
    }
    tensors.push(("ln_f.weight".into(), vec![d]));
    tensors.push(("ln_f.bias".into(), vec![d]));
    tensors
}

/// Random weights for [`CONFIG`], in one of the supported number formats, with or without a prefix.
pub(crate) fn tiny_weights(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let (dtype, width) = *one_of(&[("F32", 4), ("F16", 2), ("BF16", 2)], rng);
    let prefix = *one_of(&["", "transformer."], rng);
    let mut header = json!({"__metadata__": {"format": "pt"}});
    let mut data: Vec<u8> = Vec::new();
    for (name, shape) in tiny_layout() {
        let size = width * shape.iter().product::<usize>();
        let offsets = [data.len(), data.len() + size];
        header[format!("{prefix}{name}")] =
            json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
        // The high byte is chosen so that each number is finite; its sign is random.
        let is_high = |i: usize| i % width == width - 1;
        data.extend((0..size).map(|i| match is_high(i) {
            true => *[0x3e, 0xbe, 0x3d].choose(rng).unwrap_or(&0x3e),
            false => rng.random(),
        }));
    }
    let header = header.to_string().into_bytes();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

/// The files of a tokenizer, in the order of `tokenizer::FILES`: `tokenizer.json`, `vocab.json`, `merges.txt`,
/// `added_tokens.json`, `special_tokens_map.json`, `tokenizer_config.json`. Some of them are missing.
pub fn tokenizer_files(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let vocab = json!({
        "<|endoftext|>": 0, "a": 1, "b": 2, "c": 3, "Ġ": 4, "ab": 5, "abc": 6, "Ġa": 7, "M": 8, "r": 9, "y": 10, "ry": 11,
    });
    let merges = "#version: 0.2\na b\nab c\nĠ a\nr y\n";
    let added = json!({"<pad>": 12, "<sep>": 13});
    let special = json!({
        "bos_token": {"content": "<|endoftext|>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false},
        "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "pad_token": "<pad>",
        "additional_special_tokens": ["<sep>"],
    });
    let config = json!({
        "add_bos_token": false, "add_prefix_space": false, "bos_token": "<|endoftext|>", "errors": "replace",
        "model_max_length": 1024, "tokenizer_class": "GPT2Tokenizer", "unk_token": {"__type": "AddedToken",
        "content": "<|endoftext|>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false},
        "added_tokens_decoder": {"12": {"content": "<pad>", "lstrip": false, "normalized": false, "rstrip": false,
        "single_word": false, "special": true}},
    });
    let optional = |json: Value, rng: &mut ChaCha8Rng| match rng.random_range(0..3) {
        0 => Vec::new(),
        1 => changed(json.to_string().into_bytes(), mutate::json, rng),
        _ => json.to_string().into_bytes(),
    };
    let whole = match rng.random_ratio(1, 4) {
        true => tokenizer(rng),
        false => Vec::new(),
    };
    let files = [
        whole,
        changed(vocab.to_string().into_bytes(), mutate::json, rng),
        changed(merges.as_bytes().to_vec(), mutate::lines, rng),
        optional(added, rng),
        optional(special, rng),
        optional(config, rng),
    ];
    files.join(&0)
}

/// A `tokenizer.json` whose words are the ids of the model of [`CONFIG`].
pub(crate) fn numbers() -> Vec<u8> {
    let vocab: serde_json::Map<String, Value> =
        (0..7).map(|id| (id.to_string(), json!(id))).collect();
    let json = json!({
        "version": "1.0",
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"},
    });
    json.to_string().into_bytes()
}

/// A file of prompt pairs: an array, or lines.
pub fn pairs(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let pairs = [
        json!({"clean": "When Mary and John went", "corrupted": "When Mary and Mary went", "answer": " Mary",
            "distractor": " John"}),
        json!({"clean_ids": [1, 2, 3], "corrupted_ids": [1, 2, 4], "answer_id": 5, "distractor_id": 6}),
        json!({"clean": "1 2 3", "corrupted": "1 0 3", "answer": ["4", 5, "6..6"], "distractor": "0|1..3"}),
        json!({"clean": [1, 2], "corrupted": [3, 2], "answer": 7, "distractor": null, "note": {"of": ["mine"]}}),
    ];
    if rng.random_ratio(1, 3) {
        return changed(json!(pairs).to_string().into_bytes(), mutate::json, rng);
    }
    let mark = *one_of(&["", "\u{feff}"], rng);
    let lines = pairs.map(|pair| changed(pair.to_string().into_bytes(), mutate::json, rng));
    let text = [mark.as_bytes(), &lines.join(&b'\n')].concat();
    changed(text, mutate::lines, rng)
}

/// A `tokenizer.json`, with parts of every kind.
pub fn tokenizer(rng: &mut ChaCha8Rng) -> Vec<u8> {
    if rng.random_ratio(1, 32) {
        return changed(DEMO_TOKENIZER.to_vec(), mutate::json, rng);
    }
    let optional = |parts: &[Value], rng: &mut ChaCha8Rng| match rng.random_range(0..4) {
        0 => Value::Null,
        1 => parts[parts.len() - 1].clone(),
        _ => one_of(parts, rng).clone(),
    };
    let tokenizer = json!({
        "version": "1.0",
        "truncation": optional(&truncations(), rng),
        "padding": optional(&paddings(), rng),
        "added_tokens": [
            {"id": 0, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false,
             "normalized": false, "special": true},
            {"id": 9, "content": "fox", "single_word": true, "lstrip": true, "rstrip": true,
             "normalized": true, "special": false},
        ],
        "normalizer": optional(&normalizers(), rng),
        "pre_tokenizer": optional(&pre_tokenizers(), rng),
        "post_processor": optional(&post_processors(), rng),
        "decoder": optional(&decoders(), rng),
        "model": one_of(&models(), rng),
    });
    changed(tokenizer.to_string().into_bytes(), mutate::json, rng)
}

fn truncations() -> Vec<Value> {
    vec![json!({"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 1})]
}

fn paddings() -> Vec<Value> {
    vec![json!({
        "strategy": {"Fixed": 8}, "direction": "Left", "pad_to_multiple_of": 4, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "<|endoftext|>",
    })]
}

fn models() -> Vec<Value> {
    let vocab = json!({"<|endoftext|>": 0, "a": 1, "b": 2, "ab": 3, "##b": 4, "[UNK]": 5, "▁a": 6, "<0x0A>": 7, "Ġ": 8});
    vec![
        json!({"type": "BPE", "dropout": null, "unk_token": "[UNK]", "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
            "vocab": vocab, "merges": ["a b"]}),
        json!({"type": "BPE", "dropout": 0.1, "unk_token": null, "continuing_subword_prefix": "##",
            "end_of_word_suffix": "</w>", "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
            "vocab": vocab, "merges": [["a", "##b"]]}),
        json!({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab}),
        json!({"type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]"}),
        json!({"type": "Unigram", "unk_id": 0, "byte_fallback": true,
            "vocab": [["<unk>", 0.0], ["a", -1.5], ["b", -2.0], ["ab", -1.0], ["▁a", -3.25], ["<0x0A>", -4.0]]}),
    ]
}

fn normalizers() -> Vec<Value> {
    let each = vec![
        json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": true}),
        json!({"type": "Strip", "strip_left": true, "strip_right": true}),
        json!({"type": "StripAccents"}),
        json!({"type": "NFC"}),
        json!({"type": "NFD"}),
        json!({"type": "NFKC"}),
        json!({"type": "NFKD"}),
        json!({"type": "Lowercase"}),
        json!({"type": "Nmt"}),
        json!({"type": "Precompiled", "precompiled_charsmap": "AAAAAA=="}),
        json!({"type": "Replace", "pattern": {"String": "a"}, "content": "b"}),
        json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}),
        json!({"type": "Prepend", "prepend": "▁"}),
        json!({"type": "ByteLevel"}),
    ];
    with_sequence(each, "normalizers")
}

fn pre_tokenizers() -> Vec<Value> {
    let each = vec![
        json!({"type": "BertPreTokenizer"}),
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}),
        json!({"type": "CharDelimiterSplit", "delimiter": "a"}),
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}),
        json!({"type": "Whitespace"}),
        json!({"type": "WhitespaceSplit"}),
        json!({"type": "Split", "pattern": {"Regex": "\\w+|[^\\w\\s]+"}, "behavior": "Isolated", "invert": false}),
        json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithNext", "invert": true}),
        json!({"type": "Punctuation", "behavior": "Isolated"}),
        json!({"type": "Digits", "individual_digits": true}),
        json!({"type": "UnicodeScripts"}),
        json!({"type": "FixedLength", "length": 5}),
    ];
    with_sequence(each, "pretokenizers")
}

fn post_processors() -> Vec<Value> {
    let template = |id: &str| json!([{"SpecialToken": {"id": id, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]);
    let each = vec![
        json!({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true,
            "add_prefix_space": true}),
        json!({"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 0]}),
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}),
        json!({"type": "TemplateProcessing", "single": template("<|endoftext|>"),
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}}}),
    ];
    with_sequence(each, "processors")
}

fn decoders() -> Vec<Value> {
    let each = vec![
        json!({"type": "BPEDecoder", "suffix": "</w>"}),
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}),
        json!({"type": "WordPiece", "prefix": "##", "cleanup": true}),
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}),
        json!({"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true}),
        json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
        json!({"type": "Fuse"}),
        json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}),
        json!({"type": "ByteFallback"}),
    ];
    with_sequence(each, "decoders")
}

/// Each part by itself, and a sequence of some of them at the end.
fn with_sequence(mut each: Vec<Value>, name: &str) -> Vec<Value> {
    let some: Vec<&Value> = each.iter().step_by(3).collect();
    let mut sequence = json!({"type": "Sequence"});
    sequence[name] = json!(some);
    each.push(sequence);
    each
}
