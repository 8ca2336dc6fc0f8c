//! Tokenizers of every kind compared with transformers, text that a vocabulary lacks, and hostile files.

use std::collections::HashMap;

use pathpatch::{error::Code, tokenizer::Tokenizer};
use serde_json::{Value, json};

use crate::common::{demo, fixtures, read};

/// A model's files, and the tokens that transformers gives for strings; see `generate_tokenizers.py`.
struct Entry {
    name: String,
    files: HashMap<String, Vec<u8>>,
    tokens: Vec<(String, Vec<u32>)>,
    bos: Option<u32>,
}

fn entries() -> Vec<Entry> {
    let entries: Vec<Value> =
        serde_json::from_slice(&read(fixtures().join("tokenizers.json"))).unwrap();
    let bytes = |content: &Value| match content {
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    };
    let entry = |entry: Value| Entry {
        name: entry["name"].as_str().unwrap().into(),
        files: entry["files"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, content)| (name.clone(), bytes(content)))
            .collect(),
        tokens: serde_json::from_value(entry["tokens"].clone()).unwrap(),
        bos: serde_json::from_value(entry["bos"].clone()).unwrap(),
    };
    entries.into_iter().map(entry).collect()
}

fn tokenizer(json: &Value) -> Tokenizer {
    Tokenizer::from_json(json.to_string().as_bytes()).unwrap()
}

fn refused(json: &Value) -> String {
    let error = Tokenizer::from_json(json.to_string().as_bytes());
    let error = error.err().unwrap();
    assert_eq!(error.code, Code::Tokenizer);
    error.to_string()
}

fn lacks(tokenizer: &Tokenizer, text: &str) -> String {
    let error = tokenizer.encode(text).unwrap_err();
    assert_eq!(error.code, Code::Tokenizer);
    error.got
}

#[test]
fn every_kind_gives_the_tokens_of_transformers() {
    for entry in entries() {
        let tokenizer = Tokenizer::from_files(&entry.files).unwrap().unwrap();
        for (text, ids) in &entry.tokens {
            assert_eq!(
                &tokenizer.encode(text).unwrap(),
                ids,
                "{}: {text:?}",
                entry.name
            );
        }
        let bos = tokenizer.bos().map(|token| token.id);
        assert_eq!(bos, entry.bos, "{}", entry.name);
    }
}

/// Byte-level tokens begin with their space, words have none; parts of characters are no completion.
#[test]
fn a_text_is_completed_by_tokens_that_begin_with_it() {
    let words = Tokenizer::from_json(&read(demo().join("tokenizer.json"))).unwrap();
    let texts = |tokenizer: &Tokenizer, start: &str, limit| -> Vec<String> {
        let tokens = tokenizer.complete(start, limit, usize::MAX);
        let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
        assert_eq!(tokenizer.describe(&ids), tokens);
        tokens.into_iter().map(|token| token.text).collect()
    };
    assert_eq!(texts(&words, "lam", 8), ["lamp"]);
    assert_eq!(texts(&words, "LAM", 8), ["lamp"]);
    let with_m = texts(&words, "m", 500);
    let first_upper = with_m.iter().position(|text| text.starts_with('M'));
    assert!(
        with_m[..first_upper.unwrap()]
            .iter()
            .all(|t| t.starts_with('m'))
    );
    assert_eq!(texts(&words, "m", 2), with_m[..2]);

    let bytes = tokenizer(&json!({
        "model": {
            "type": "BPE",
            "vocab": {"Ġlamp": 0, "lamp": 1, "Ġla": 2, "Ã": 3, "Ġl": 4, "Ġ": 5, "Ãī": 6, "ĠLA": 7},
            "merges": []
        },
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "added_tokens": [{"id": 8, "content": "<|endoftext|>", "special": true, "normalized": false,
            "single_word": false, "lstrip": false, "rstrip": false}]
    }));
    assert_eq!(texts(&bytes, " l", 8), [" l", " la", " lamp", " LA"]);
    assert_eq!(texts(&bytes, "l", 8), ["lamp"]);
    assert_eq!(texts(&bytes, "É", 8), ["É"]);
    assert_eq!(texts(&bytes, "<|", 8), ["<|endoftext|>"]);
    let all = texts(&bytes, "", 100);
    assert_eq!(all.len(), 8, "{all:?}");
    // The model has fewer rows than the tokenizer has tokens.
    assert_eq!(bytes.complete(" l", 8, 2).len(), 1);
}

#[test]
fn some_files_alone_are_no_tokenizer() {
    let mut files = HashMap::new();
    assert!(Tokenizer::from_files(&files).unwrap().is_none());
    files.insert("vocab.json".to_string(), b"{}".to_vec());
    files.insert("tokenizer_config.json".to_string(), b"{}".to_vec());
    assert!(Tokenizer::from_files(&files).unwrap().is_none());
    files.insert("merges.txt".to_string(), b"a b".to_vec());
    let error = Tokenizer::from_files(&files).err().unwrap();
    assert_eq!(
        error.to_string(),
        "merges.txt[0]: expected two tokens of the vocabulary that join to a third one, got \"a b\""
    );
}

#[test]
fn byte_order_marks_and_empty_files_are_ignored() {
    for entry in entries() {
        let mut files = entry.files.clone();
        for bytes in files.values_mut() {
            bytes.splice(..0, *b"\xEF\xBB\xBF");
        }
        for name in [
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
        ] {
            if !files.contains_key(name) {
                files.insert(name.to_string(), b"\xEF\xBB\xBF\n".to_vec());
            }
        }
        let with_marks = Tokenizer::from_files(&files).unwrap().unwrap();
        let tokenizer = Tokenizer::from_files(&entry.files).unwrap().unwrap();
        assert_eq!(with_marks.bos(), tokenizer.bos(), "{}", entry.name);
        for (text, ids) in &entry.tokens {
            assert_eq!(&with_marks.encode(text).unwrap(), ids, "{}", entry.name);
        }
        let expected = |name: &str| {
            let text = format!("{name} is empty: it is ignored");
            let mut all = with_marks.warnings().iter();
            all.any(|warning| warning.message == text)
        };
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            assert_eq!(
                expected(name),
                !entry.files.contains_key(name),
                "{}",
                entry.name
            );
        }
    }
}

#[test]
fn files_of_another_kind_are_recognised() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 5\n";
    for (bytes, expected) in [
        (&pointer[..], "got a Git LFS pointer"),
        (b"<!doctype html>", "got an HTML or XML page"),
        (b"", "got an empty file"),
    ] {
        for names in [&["tokenizer.json"][..], &["vocab.json", "merges.txt"]] {
            let files = names.iter().map(|name| (name.to_string(), bytes.to_vec()));
            let error = Tokenizer::from_files(&files.collect()).err().unwrap();
            assert_eq!((error.code, &error.what[..]), (Code::Tokenizer, names[0]));
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}

#[test]
fn texts_show_their_spaces() {
    let text_of = |json: &Value, text: &str| {
        let tokenizer = tokenizer(json);
        tokenizer.quote(&tokenizer.encode(text).unwrap())
    };
    let metaspace =
        json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true});
    let unigram = json!({
        "pre_tokenizer": metaspace, "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁a", -1.0], ["b", -1.0]]},
    });
    assert_eq!(text_of(&unigram, "ab a"), r#"" a" "b" " a""#);
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let bpe = json!({
        "pre_tokenizer": byte_level,
        "model": {"type": "BPE", "vocab": {"a": 0, "Ġ": 1, "Ġa": 2, "Ċ": 3, "Ã": 4, "©": 5}, "merges": ["Ġ a"]},
    });
    assert_eq!(text_of(&bpe, "a a\n"), r#""a" " a" "\n""#);
    assert_eq!(text_of(&bpe, "é"), "\"\u{fffd}\" \"\u{fffd}\"");
}

#[test]
fn text_that_the_vocabulary_lacks_is_named_and_not_dropped() {
    let whitespace = json!({"type": "Whitespace"});
    let bpe = |more: Value| {
        let mut model = json!({
            "type": "BPE", "merges": ["a b"],
            "vocab": {"a": 0, "b": 1, "ab": 2, "<unk>": 3, "<0xC3>": 4, "<0xA9>": 5},
        });
        let model_fields = model.as_object_mut().unwrap();
        model_fields.extend(more.as_object().unwrap().clone());
        tokenizer(&json!({"pre_tokenizer": whitespace, "model": model}))
    };
    assert_eq!(bpe(json!({})).encode("ab  a").unwrap(), [2, 0]);
    for fuse in [false, true] {
        let unknown = json!({"unk_token": "<unk>", "fuse_unk": fuse});
        assert_eq!(lacks(&bpe(unknown), "ab öxa ö"), r#""ö", "x""#);
    }
    assert_eq!(lacks(&bpe(json!({})), "ab öxa"), r#""ö", "x""#);
    assert_eq!(lacks(&bpe(json!({"unk_token": "lost"})), "x"), r#""x""#);
    let by_bytes = bpe(json!({"byte_fallback": true, "unk_token": "<unk>"}));
    assert_eq!(by_bytes.encode("aé").unwrap(), [0, 4, 5]);
    assert_eq!(lacks(&by_bytes, "aê"), r#""ê""#);
    assert_eq!(
        lacks(&bpe(json!({})), "cdefghi"),
        r#""c", "d", "e", "f", "g" and 2 more"#
    );

    let words = |model: Value| tokenizer(&json!({"pre_tokenizer": whitespace, "model": model}));
    let level =
        words(json!({"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "a": 1}}));
    assert_eq!(lacks(&level, "a b a b c"), r#""b", "c""#);
    let level = words(json!({"type": "WordLevel", "unk_token": "lost", "vocab": {"a": 1}}));
    assert_eq!(lacks(&level, "a b"), r#""b""#);
    let piece = words(json!({
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 5, "vocab": {"[UNK]": 0, "a": 1, "##a": 2},
    }));
    assert_eq!(piece.encode("aaa a").unwrap(), [1, 2, 2, 1]);
    assert_eq!(lacks(&piece, "aa aab aaaaaaa"), r#""aab", "aaaaaaa""#);

    let unigram = |unknown: Value| {
        let vocab = json!([["<unk>", 0.0], ["a", -1.0], ["▁", -2.0]]);
        tokenizer(&json!({
            "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁"},
            "model": {"type": "Unigram", "unk_id": unknown, "vocab": vocab},
        }))
    };
    assert_eq!(unigram(json!(0)).encode("A a").unwrap(), [2, 1, 2, 1]);
    assert_eq!(lacks(&unigram(json!(0)), "aXYa z"), r#""XY", "z""#);
    assert!(!lacks(&unigram(json!(null)), "aX").is_empty());

    let demo = Tokenizer::from_json(&read(demo().join("tokenizer.json"))).unwrap();
    assert_eq!(lacks(&demo, "Mary and Zarathustra"), r#""Zarathustra""#);
}

#[test]
fn differences_from_the_file_give_warnings() {
    let mut json = json!({
        "model": {"type": "BPE", "dropout": 0.1, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]},
        "added_tokens": [{
            "id": 9, "content": "<x>", "special": true, "normalized": false, "single_word": false, "lstrip": false,
            "rstrip": false,
        }],
    });
    let read = tokenizer(&json);
    assert_eq!(read.encode("ab<x>").unwrap(), [2, 3]);
    let warnings: Vec<&str> = read.warnings().iter().map(|w| &w.message[..]).collect();
    assert!(warnings[0].contains("dropout"), "{warnings:?}");
    assert!(
        warnings[1].contains("\"<x>\" the id 9, but transformers gives it 3"),
        "{warnings:?}"
    );

    json["model"]["vocab"]["ab"] = 3.into();
    let hole = refused(&json);
    assert!(
        hole.contains("expected a vocabulary without gaps"),
        "{hole}"
    );
    json["model"]["vocab"]["ab"] = 1.into();
    let twice = refused(&json);
    assert!(
        twice.contains("expected a different id for each token, got 1, which"),
        "{twice}"
    );
}

/// A tokenizer with the given parts.
fn with(normalizer: Value, pre_tokenizer: Value) -> Value {
    json!({
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
        "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "a": 1}},
    })
}

#[test]
fn files_that_would_make_the_library_panic_or_hang_are_refused() {
    let bpe = |prefix: &str, merge: Value| {
        json!({"model": {
            "type": "BPE", "continuing_subword_prefix": prefix, "merges": [merge],
            "vocab": {"a": 0, "aa": 1, "aaa": 2, "é": 3},
        }})
    };
    let mut nested = json!({"type": "NFC"});
    for _ in 0..10 {
        nested = json!({"type": "Sequence", "normalizers": [nested]});
    }
    let long = "a".repeat(2000);
    let replace = json!({"type": "Replace", "pattern": {"Regex": ""}, "content": "x".repeat(4000)});
    for (json, expected) in [
        // Longer than the longest token, and shorter than the prefix.
        (bpe("", json!("aaa aaa")), "model.merges[0]"),
        (bpe("####", json!(["a", "a"])), "model.merges[0]"),
        (bpe("#", json!(["a", "é"])), "model.merges[0]"),
        (bpe("", json!(["a", "b"])), "model.merges[0]"),
        (
            with(
                json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
                Value::Null,
            ),
            "precompiled_charsmap",
        ),
        (
            with(json!({"type": "Precompiled"}), Value::Null),
            "precompiled_charsmap",
        ),
        (
            with(Value::Null, json!({"type": "FixedLength", "length": 0})),
            "pre_tokenizer.length",
        ),
        (with(nested, Value::Null), "at most 64 parts, 4 deep"),
        (
            with(
                json!({"type": "Sequence", "normalizers": [replace, replace, replace]}),
                Value::Null,
            ),
            "times as long",
        ),
        (
            with(
                Value::Null,
                json!({"type": "Split", "behavior": "Isolated", "invert": false,
                    "pattern": {"Regex": r"(?:(?:(?:(?=a)a){99}){99}){99}"}}),
            ),
            "at most 1000 repetitions",
        ),
        (
            json!({"model": {"type": "Unigram", "unk_id": 0, "vocab": [[long, 0.0]]}}),
            "model.vocab[0]",
        ),
        (
            json!({"model": {"type": "WordPiece", "unk_token": "u", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 1_000_000_000u64, "vocab": {"u": 0}}}),
            "max_input_chars_per_word",
        ),
        (
            json!({"model": {"type": "WordLevel", "unk_token": "u", "vocab": {"u": 1u64 << 32}}}),
            "ids of 0 to",
        ),
        (
            json!({"normalizer": {"type": "Strip", "strip_left": true, "strip_right": true},
                "model": {"type": "WordLevel", "unk_token": "u", "vocab": {"u": 0}},
                "added_tokens": [{"id": 1, "content": " ", "special": false, "normalized": true, "single_word": false,
                    "lstrip": false, "rstrip": false}]}),
            "does not make empty",
        ),
        (json!({"model": {"type": "Trie"}}), "model.type"),
        (json!({}), "field model: expected an object, got nothing"),
    ] {
        let text = refused(&json);
        assert!(text.contains(expected), "{text} has no {expected}");
    }
    let text = "a".repeat(1 << 19);
    let error = tokenizer(&with(Value::Null, Value::Null))
        .encode(&text)
        .unwrap_err();
    assert!(
        error.to_string().starts_with("text: expected at most"),
        "{error}"
    );
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % n
    }

    /// A value from somewhere in a file, or one that no reader expects.
    fn value(&mut self, donor: &Value) -> Value {
        match self.below(14) {
            0 => Value::Null,
            1 => json!(0),
            2 => json!(-1),
            3 => json!(u64::MAX),
            4 => json!(1e308),
            5 => json!(""),
            6 => json!("▁"),
            7 => json!([]),
            8 => json!({}),
            9 => json!(true),
            10 => json!("é"),
            _ => self.node(donor).clone(),
        }
    }

    fn node<'a>(&mut self, value: &'a Value) -> &'a Value {
        let count = match value {
            Value::Array(items) => items.len(),
            Value::Object(items) => items.len(),
            _ => 0,
        };
        if count == 0 || self.below(4) == 0 {
            return value;
        }
        let chosen = self.below(count);
        let child = match value {
            Value::Array(items) => &items[chosen],
            Value::Object(items) => items.values().nth(chosen).unwrap(),
            _ => value,
        };
        self.node(child)
    }

    fn mutate(&mut self, value: &mut Value, donor: &Value) {
        let count = match value {
            Value::Array(items) => items.len(),
            Value::Object(items) => items.len(),
            _ => 0,
        };
        if count == 0 || self.below(6) == 0 {
            *value = self.value(donor);
            return;
        }
        let chosen = self.below(count);
        match value {
            Value::Array(items) if self.below(8) == 0 => drop(items.remove(chosen)),
            Value::Array(items) => self.mutate(&mut items[chosen], donor),
            Value::Object(items) => {
                let name = items.keys().nth(chosen).unwrap().clone();
                match self.below(10) {
                    0 => drop(items.remove(&name)),
                    1 => {
                        let moved = items.remove(&name).unwrap();
                        items.insert(
                            ["type", "pattern", "content", "<unk>", ""][self.below(5)].into(),
                            moved,
                        );
                    }
                    _ => self.mutate(items.get_mut(&name).unwrap(), donor),
                }
            }
            _ => {}
        }
    }
}

/// A file with every part that a tokenizer may have.
fn every_part() -> Value {
    let pattern = json!({"Regex": r"\p{N}{1,3}|[^\s\p{L}]+|\s+(?!\S)"});
    json!({
        "version": "1.0",
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFD"}, {"type": "StripAccents"}, {"type": "Nmt"}, {"type": "NFKC"}, {"type": "Lowercase"},
            {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
            {"type": "Strip", "strip_left": true, "strip_right": true},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            {"type": "Replace", "pattern": {"String": "``"}, "content": "\""},
            {"type": "Prepend", "prepend": "▁"},
        ]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": pattern, "behavior": "MergedWithNext", "invert": false},
            {"type": "Digits", "individual_digits": true},
            {"type": "Punctuation", "behavior": "Contiguous"},
            {"type": "CharDelimiterSplit", "delimiter": "x"},
            {"type": "UnicodeScripts"},
            {"type": "FixedLength", "length": 3},
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true},
            {"type": "WhitespaceSplit"},
        ]},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 1}, {"type": "CTC", "pad_token": "", "word_delimiter_token": "", "cleanup": true},
        ]},
        "post_processor": {"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}},
        "added_tokens": [{
            "id": 5, "content": "<x>", "special": false, "normalized": true, "single_word": true, "lstrip": true, "rstrip": true,
        }],
        "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "fuse_unk": true, "ignore_merges": true,
            "continuing_subword_prefix": "", "end_of_word_suffix": "", "dropout": null,
            "vocab": {"<unk>": 0, "a": 1, "▁": 2, "▁a": 3, "<0x61>": 4}, "merges": ["▁ a"]},
    })
}

#[test]
fn no_change_to_a_file_causes_a_panic() {
    const TEXTS: [&str; 6] = [
        "When Mary and John went to the store, John gave a drink to",
        "",
        "  \u{feff}é e\u{301} ﬁ 漢字 \u{1F469}\u{200D}\u{1F680} ﷺ\n",
        "<x> <|endoftext|><USER>  <unk>[UNK]",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 0123456789 ```` ''",
        "\u{0}\u{1}x\u{ffff}\u{10ffff}",
    ];
    let mut random = Random(20_26);
    let seeds = entries().into_iter().map(|entry| entry.files);
    let every = every_part().to_string().into_bytes();
    let every = HashMap::from([("tokenizer.json".to_string(), every)]);
    let seeds: Vec<_> = seeds.chain([every]).collect();
    let donor = every_part();
    let (mut read, mut refused) = (0, 0);
    for i in 0..6000 {
        let mut files = seeds[if i % 2 == 0 {
            seeds.len() - 1
        } else {
            i / 2 % seeds.len()
        }]
        .clone();
        let mut names: Vec<_> = files.keys().cloned().collect();
        names.sort();
        let name = &names[random.below(names.len())];
        let bytes = files.get_mut(name).unwrap();
        match serde_json::from_slice::<Value>(bytes) {
            Ok(mut json) if random.below(8) > 0 => {
                for _ in 0..=random.below(3) {
                    random.mutate(&mut json, &donor);
                }
                *bytes = json.to_string().into_bytes();
            }
            _ => {
                let at = random.below(bytes.len().max(1));
                match random.below(3) {
                    0 => bytes.truncate(at),
                    _ if bytes.is_empty() => {}
                    1 => bytes[at] = random.below(256) as u8,
                    _ => drop(bytes.remove(at)),
                }
            }
        }
        match Tokenizer::from_files(&files) {
            Ok(Some(tokenizer)) => {
                read += 1;
                for text in TEXTS {
                    if let Ok(ids) = tokenizer.encode(text) {
                        assert_eq!(tokenizer.describe(&ids).len(), ids.len());
                    }
                }
                tokenizer.describe(&[0, 1, 2, 3, 300, u32::MAX]);
            }
            Ok(None) => refused += 1,
            Err(error) => {
                assert_eq!(error.code, Code::Tokenizer, "{error}");
                refused += 1;
            }
        }
    }
    // Some changes must be harmless and some refused.
    assert!(
        read > 500 && refused > 500,
        "{read} read, {refused} refused"
    );
}
