//! Requests that are probably mistakes, on the command line: each gives an error or a warning that explains it.

use std::{
    cell::Cell,
    fs,
    future::{Future, ready},
    path::Path,
    pin::Pin,
    process::{Command, Output},
};

use pathpatch::{
    device::DeviceChoice,
    directory,
    error::{Code, Error, Result},
    metric::MetricKind,
    patching::{EdgeOptions, LayerNorm, Patch, Replacement},
    pause::{NoPause, Pause},
    session::{Answer, EdgesRequest, MetricRequest, PairRequest, Prompt},
};
use serde_json::{Value, json};

use crate::common::fixtures;

/// A model with random weights and 40 tokens. Its tokenizer, byte-level BPE in GPT-2's two files, has 26 of them.
fn model(directory: &Path) {
    for file in ["config.json", "model.safetensors"] {
        fs::copy(
            fixtures().join("prefixed-f32").join(file),
            directory.join(file),
        )
        .unwrap();
    }
    let mut vocab = serde_json::Map::new();
    let mut add = |token: &str| {
        let id = vocab.len();
        vocab.entry(token).or_insert(id.into());
    };
    add("<|endoftext|>");
    "MaryĠJohnt.gve".chars().for_each(|c| add(&c.to_string()));
    let merges = [
        "M a", "Ma r", "Mar y", "Ġ Mary", "J o", "Jo h", "Joh n", "Ġ John", "t o", "Ġ to", "Ġ g",
    ];
    merges.iter().for_each(|merge| add(&merge.replace(' ', "")));
    fs::write(
        directory.join("vocab.json"),
        Value::Object(vocab).to_string(),
    )
    .unwrap();
    fs::write(directory.join("merges.txt"), merges.join("\n")).unwrap();
}

struct Model {
    directory: tempfile::TempDir,
}

impl Model {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        model(directory.path());
        Self { directory }
    }

    fn write(&self, name: &str, content: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let directory = self.directory.path().display().to_string();
        let fixed = [
            "sweep",
            "--device",
            "cpu",
            "--component",
            "q",
            "--model",
            &directory,
        ];
        let binary = env!("CARGO_BIN_EXE_pathpatch");
        let arguments = [&fixed[..], arguments].concat();
        Command::new(binary).args(arguments).output().unwrap()
    }

    /// The result, and the lines on standard error.
    fn swept(&self, arguments: &[&str]) -> (Value, Vec<String>) {
        let output = self.run(arguments);
        let warnings = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{warnings}");
        let lines = warnings.lines().map(String::from).collect();
        (serde_json::from_slice(&output.stdout).unwrap(), lines)
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap().trim().to_string()
    }
}

/// The arguments for a pair of prompts with an answer and a distractor.
fn pair<'a>(
    clean: &'a str,
    corrupted: &'a str,
    answer: &'a str,
    distractor: &'a str,
) -> [&'a str; 8] {
    let [a, b, c, d] = ["--clean", "--corrupted", "--answer", "--distractor"];
    [a, clean, b, corrupted, c, answer, d, distractor]
}

#[test]
fn an_answer_without_its_leading_space_gives_a_warning() {
    let model = Model::new();
    let (_, warnings) = model.swept(&pair("Mary to", "John to", "Mary", "John"));
    assert_eq!(
        warnings,
        [
            "warning: the answer \"Mary\" has no leading space, but inside a text this word is the token \" Mary\"; \
             did you mean \" Mary\"?",
            "warning: the distractor \"John\" has no leading space, but inside a text this word is the token \" John\"; \
             did you mean \" John\"?",
        ]
    );
    let (_, warnings) = model.swept(&pair("Mary to", "John to", " Mary", " John"));
    assert!(warnings.is_empty(), "{warnings:?}");
    // "." is not a word, and " a" is not one token: neither calls for a space.
    let (_, warnings) = model.swept(&pair("Mary to", "John to", ".", "a"));
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn a_space_at_the_end_gives_a_warning() {
    let model = Model::new();
    let (_, warnings) = model.swept(&pair("Mary to ", "John to ", " Mary", " John"));
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[0].starts_with("warning: the clean prompt ends in a space"),
        "{warnings:?}"
    );
    assert!(
        warnings[0].ends_with("did you mean \"Mary to\"?"),
        "{warnings:?}"
    );
}

#[test]
fn an_existing_beginning_of_text_token_is_not_added_again() {
    let model = Model::new();
    let (once, _) = model.swept(&pair("Mary to", "John to", " Mary", " John"));
    let written = pair(
        "<|endoftext|>Mary to",
        "<|endoftext|>John to",
        " Mary",
        " John",
    );
    let (twice, warnings) = model.swept(&written);
    assert_eq!(once, twice);
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("already begins with"), "{warnings:?}");
}

#[test]
fn positions_count_from_both_ends() {
    let model = Model::new();
    let texts = pair("Mary to Mary", "John to Mary", " Mary", " John");
    let at = |position: &'static str| [&texts[..], &["--position", position]].concat();
    let (last, _) = model.swept(&texts);
    let (middle, _) = model.swept(&at("2"));
    assert_eq!(last, model.swept(&at("-1")).0);
    assert_eq!(last, model.swept(&at("3")).0);
    assert_eq!(middle, model.swept(&at("-2")).0);
    assert_ne!(last, middle);
    assert_eq!(
        model.refused(&at("4")),
        "error: metric position: expected 0 to 3 or -4 to -1 (the prompt has 4 tokens, including one added in front), \
         got 4"
    );
    assert!(model.refused(&at("-5")).ends_with("got -5"));
    assert_eq!(
        model.refused(&at("0")),
        "error: metric position: expected at least 1, where the prompts first differ (counted from 0, including a token \
         added in front), got 0"
    );
}

#[test]
fn equal_prompts_and_equal_answers_are_errors() {
    let model = Model::new();
    let same = pair("Mary to", "Mary to", " Mary", " John");
    let expected = "error: corrupted prompt: expected a prompt that differs from the clean one, got the same tokens";
    assert_eq!(model.refused(&same), expected);
    for metric in ["kl", "prob", "normalized-logit-diff"] {
        assert_eq!(
            model.refused(&[&same[..], &["--metric", metric]].concat()),
            expected
        );
    }
    let same = pair("Mary to", "John to", " Mary", " Mary");
    assert_eq!(
        model.refused(&same),
        "error: distractor: expected another token than the answer, got the same, \" Mary\" (id 18): their difference \
         is 0 everywhere"
    );
    model.swept(&[&same[..], &["--metric", "prob"]].concat());
    let empty = model.refused(&pair("", "John to", " Mary", " John"));
    assert_eq!(
        empty,
        "error: clean prompt: expected at least 1 token, got none in \"\""
    );
}

#[test]
fn an_error_about_different_lengths_names_the_words() {
    let model = Model::new();
    assert_eq!(
        model.refused(&pair("Mary to Mary", "John to Mar", " Mary", " John")),
        "error: corrupted prompt: expected as many tokens as the clean prompt (4), got 5: \" \" \"Mar\" is 2 tokens \
         where the clean prompt's \" Mary\" is 1 token"
    );
}

#[test]
fn tokens_without_a_row_are_named() {
    let model = Model::new();
    let added = json!({"<USER>": 26, "<x>": 27, "<y>": 28});
    model.write("added_tokens.json", &added.to_string());
    model.swept(&pair("<USER>Mary", "<USER>John", " Mary", " John"));
    let many: Value = (26..60).map(|id| (format!("<{id}>"), json!(id))).collect();
    model.write("added_tokens.json", &many.to_string());
    assert_eq!(
        model.refused(&pair("<40>Mary", "<41>Mary", " Mary", " John")),
        "error: clean prompt: expected tokens of the model's 40 rows (its vocabulary), got \"<40>\" (id 40)"
    );
}

#[test]
fn the_tokenizers_beginning_of_text_token_is_used_with_a_warning() {
    let model = Model::new();
    let texts = pair("Mary to", "John to", " Mary", " John");
    let (before, _) = model.swept(&texts);
    let written = pair("<s>Mary to", "<s>John to", " Mary", " John");
    model.write(
        "special_tokens_map.json",
        r#"{"bos_token": {"content": "<s>"}}"#,
    );
    model.write("added_tokens.json", r#"{"<s>": 26}"#);
    let (after, warnings) = model.swept(&texts);
    assert_ne!(before, after);
    let (by_hand, _) = model.swept(&[&written[..], &["--no-bos"]].concat());
    assert_eq!(after, by_hand);
    assert!(
        warnings
            .iter()
            .all(|line| line.starts_with("warning: texts begin with")),
        "{warnings:?}"
    );
    model.write("special_tokens_map.json", r#"{"bos_token": 7}"#);
    assert_eq!(before, model.swept(&texts).0);
}

#[test]
fn warnings_about_a_batch_name_the_pairs() {
    let model = Model::new();
    let line = |clean: &str, corrupted: &str, answer: &str| {
        json!({"clean": clean, "corrupted": corrupted, "answer": answer, "distractor": " John", "id": 1}).to_string()
    };
    let lines = [
        line("Mary to", "John to", "Mary"),
        line("Mary to", "Mary to", " Mary"),
        line("Mary to", "John to", "Mary"),
    ];
    let file = model.write(
        "pairs.jsonl",
        &format!("\u{feff}{}\r\n", lines.join("\r\n")),
    );
    let (_, warnings) = model.swept(&["--pairs", &file]);
    assert_eq!(
        warnings,
        [
            "warning: the file of pairs has other fields, which are ignored: id",
            "warning: pairs 1 and 3: the answer \"Mary\" has no leading space, but inside a text this word is the token \
             \" Mary\"; did you mean \" Mary\"?",
            "warning: pair 2: the two prompts are the same: no patch changes anything",
        ]
    );
    let array = format!("[{}]", lines.join(","));
    let file = model.write("pairs.json", &array);
    assert_eq!(model.swept(&["--pairs", &file]).1, warnings);
    let file = model.write("pairs.json", &format!("[{}]", lines[1]));
    assert!(
        model
            .refused(&["--pairs", &file])
            .contains("got the same tokens")
    );
    let beyond = model.write("pairs.json", &array);
    let beyond = model.refused(&["--pairs", &beyond, "--position", "7"]);
    assert!(
        beyond.contains("error: pair 1: metric position"),
        "{beyond}"
    );
}

#[test]
fn gpt2s_class_has_gpt2s_beginning_of_text_token_and_other_classes_none() {
    let model = Model::new();
    let texts = pair("Mary to", "John to", " Mary", " John");
    let (before, _) = model.swept(&texts);
    let config = fs::read(model.directory.path().join("config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&config).unwrap();
    config["bos_token_id"] = 5.into();
    model.write("config.json", &config.to_string());
    let both_warnings = "warning: texts begin with the tokenizer's beginning-of-text token \"<|endoftext|>\" (id 0); \
                        config.json names another, id 5";
    for tokenizer_config in [
        None,
        Some("{}"),
        Some(r#"{"tokenizer_class": "GPT2Tokenizer"}"#),
    ] {
        if let Some(content) = tokenizer_config {
            model.write("tokenizer_config.json", content);
        }
        let (after, warnings) = model.swept(&texts);
        assert_eq!(before, after);
        assert_eq!(warnings, [both_warnings]);
    }
    model.write(
        "tokenizer_config.json",
        r#"{"tokenizer_class": "PreTrainedTokenizerFast"}"#,
    );
    let (after, warnings) = model.swept(&texts);
    assert_ne!(before, after);
    assert_eq!(
        warnings,
        [
            "warning: texts begin with the token \" \" (id 5), the bos_token_id of config.json; the tokenizer's files \
          name no beginning-of-text token"
        ]
    );
}

#[test]
fn two_beginning_of_text_tokens_give_a_warning() {
    let model = Model::new();
    let twice = "<|endoftext|><|endoftext|>";
    let texts = [format!("{twice}Mary to"), format!("{twice}John to")];
    let texts = pair(&texts[0], &texts[1], " Mary", " John");
    let ids = [
        "--clean-ids",
        "0,0,18,21",
        "--corrupted-ids",
        "0,0,22,21",
        "--answer",
        " Mary",
        "--distractor",
        " John",
    ];
    let without = [&texts[..], &["--no-bos"]].concat();
    for arguments in [&texts[..], &without, &ids] {
        let (_, warnings) = model.swept(arguments);
        let expected = ["clean", "corrupted"].map(|prompt| {
            format!(
                "warning: the {prompt} prompt begins with the beginning-of-text token \"<|endoftext|>\" (id 0) twice"
            )
        });
        assert_eq!(warnings, expected);
    }
    let once = pair("<|endoftext|>Mary", "<|endoftext|>John", " Mary", " John");
    let (_, warnings) = model.swept(&[&once[..], &["--no-bos"]].concat());
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn an_error_about_a_beginning_of_text_token_without_a_row_names_that_token() {
    let model = Model::new();
    let many: Value = (26..60).map(|id| (format!("<{id}>"), json!(id))).collect();
    model.write("added_tokens.json", &many.to_string());
    model.write("special_tokens_map.json", r#"{"bos_token": "<40>"}"#);
    let refused = model.refused(&pair("Mary", "John", " Mary", " John"));
    assert_eq!(
        refused.lines().last().unwrap(),
        "error: beginning-of-text token: expected one of the model's 40 rows (its vocabulary), or a run without the \
         beginning-of-text token, got \"<40>\" (id 40)"
    );
}

#[test]
fn spaces_are_checked_where_the_metric_reads() {
    let model = Model::new();
    let space = "warning: the clean prompt ends in a space, which is a separate token: the next word's token already \
                 begins with its own space";
    let answers = ["--answer", " Mary", "--distractor", " John"];
    let ids = [
        &["--clean-ids", "0,17,5", "--corrupted-ids", "0,21,5"][..],
        &answers,
    ]
    .concat();
    let (_, warnings) = model.swept(&ids);
    assert_eq!((warnings.len(), &warnings[0][..]), (2, space));
    let (_, warnings) = model.swept(&[&ids[..], &["--position", "1"]].concat());
    assert!(warnings.is_empty(), "{warnings:?}");

    let texts = pair("Mary to ", "John to ", "Mary", "John");
    let (_, warnings) = model.swept(&[&texts[..], &["--position", "-2"]].concat());
    let about_answers = warnings
        .iter()
        .filter(|line| line.contains("has no leading space"));
    assert_eq!(
        (warnings.len(), about_answers.count()),
        (2, 2),
        "{warnings:?}"
    );
    let texts = pair("Mary  to", "John  to", "Mary", "John");
    let (_, warnings) = model.swept(&[&texts[..], &["--position", "-2"]].concat());
    assert!(
        warnings[0].starts_with("warning: the metric reads the clean prompt at a space"),
        "{warnings:?}"
    );
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn an_answer_with_a_trailing_space_gets_a_suggestion() {
    let model = Model::new();
    for (answer, suggestion) in [(" Mary ", " Mary"), ("Mary ", "Mary")] {
        let refused = model.refused(&pair("Mary to", "John to", answer, " John"));
        let end = format!("did you mean {suggestion:?}?");
        assert!(
            refused.starts_with("error: answer: expected one token"),
            "{refused}"
        );
        assert!(refused.ends_with(&end), "{refused}");
    }
}

#[test]
fn texts_may_begin_with_a_hyphen() {
    let model = Model::new();
    model.write("added_tokens.json", r#"{"-": 26, "--": 27}"#);
    let (_, warnings) = model.swept(&pair("- Mary", "- John", "-", "--"));
    assert!(warnings.is_empty(), "{warnings:?}");
    let refused = model.refused(&["--clean", "-Mary", "--corrupted", "--x", "--answer-id", "1"]);
    assert_eq!(
        refused,
        "error: corrupted prompt: expected characters of this model's vocabulary, got \"x\""
    );
}

#[test]
fn files_of_other_tokenizers_are_named() {
    let model = Model::new();
    let texts = pair("Mary to", "John to", " Mary", " John");
    let remove = |name: &str| fs::remove_file(model.directory.path().join(name)).unwrap();
    remove("merges.txt");
    let without = "error: clean prompt: expected a tokenizer.json beside the model, or prompts as token ids, got text \
                   and no tokenizer";
    assert_eq!(
        model.refused(&texts),
        format!("{without}; found vocab.json without merges.txt: add that file")
    );
    remove("vocab.json");
    assert_eq!(model.refused(&texts), without);
    model.write("vocab.txt", "[PAD]\n");
    assert_eq!(
        model.refused(&texts),
        format!(
            "{without}; found vocab.txt, a vocabulary for BertTokenizer: in Python, \
             AutoTokenizer.from_pretrained(directory).save_pretrained(directory) writes tokenizer.json"
        )
    );
}

/// The model with the numbers 40 to 44 as tokens 26 to 30, and `M|J` as token 31.
fn with_numbers() -> Model {
    let model = Model::new();
    let added = json!({"40": 26, "41": 27, "42": 28, "43": 29, "44": 30, "M|J": 31});
    model.write("added_tokens.json", &added.to_string());
    model
}

const PROMPTS: [&str; 4] = ["--clean", "Mary to", "--corrupted", "John to"];

#[test]
fn sets_of_answers_are_written_in_several_ways() {
    let model = with_numbers();
    let swept = |answers: &[&str]| {
        let metric = ["--metric", "prob-diff"];
        let (swept, warnings) = model.swept(&[&PROMPTS[..], &metric, answers].concat());
        assert!(warnings.is_empty(), "{warnings:?}");
        swept
    };
    let ids = swept(&["--answer-id", "28,29,30", "--distractor-id", "26,27"]);
    for answers in [
        &["--answer", "42..44", "--distractor", "40..41"][..],
        &["--answer", "42|43|44", "--distractor", "40|41"],
        &["--answer", "42|43..44", "--distractor", "40..40|41"],
        &[
            "--answer",
            "42",
            "--answer",
            "43|44",
            "--distractor-id",
            "26",
            "--distractor-id",
            "27",
        ],
    ] {
        assert_eq!(swept(answers), ids, "{answers:?}");
    }
    let pair = json!({
        "clean": "Mary to", "corrupted": "John to", "answer": ["42", 29, "44"], "distractor_id": [26, 27],
    });
    let file = model.write("pairs.jsonl", &pair.to_string());
    let (of_file, _) = model.swept(&["--pairs", &file, "--metric", "prob-diff"]);
    assert_eq!(of_file, ids);

    // Compare with sums of the probabilities of single tokens.
    let prob = |id: &str| {
        let answer = ["--metric", "prob", "--answer-id", id];
        let (swept, _) = model.swept(&[&PROMPTS[..], &answer].concat());
        swept["clean_metric"].as_f64().unwrap()
    };
    let expected = prob("28") + prob("29") + prob("30") - prob("26") - prob("27");
    assert!((ids["clean_metric"].as_f64().unwrap() - expected).abs() < 1e-6);
    assert_eq!(ids["metric"], "prob-diff");
    let (both, _) =
        model.swept(&[&PROMPTS[..], &["--metric", "prob", "--answer", "40|44"]].concat());
    let expected = prob("26") + prob("30");
    assert!((both["clean_metric"].as_f64().unwrap() - expected).abs() < 1e-6);
}

#[test]
fn a_text_that_is_one_token_is_that_token() {
    let model = with_numbers();
    let of = |answer: [&str; 2]| {
        let (swept, _) = model.swept(&[&PROMPTS[..], &["--metric", "prob"], &answer].concat());
        swept
    };
    assert_eq!(of(["--answer", "M|J"]), of(["--answer-id", "31"]));
    assert_eq!(of(["--answer", "M|J|42"]), of(["--answer-id", "1,6,28"]));
}

#[test]
fn an_item_that_is_not_one_token_is_named() {
    let model = with_numbers();
    let refused = |answer: &str, distractor: &str| {
        let answers = [
            "--metric",
            "prob-diff",
            "--answer",
            answer,
            "--distractor",
            distractor,
        ];
        model.refused(&[&PROMPTS[..], &answers].concat())
    };
    for (answer, distractor, expected) in [
        (
            " Mary|MaryJohn",
            "42",
            r#"answer "MaryJohn": expected one token, got 2: "Mary" "John""#,
        ),
        (
            " Mary",
            " John|42 ",
            r#"distractor "42 ": expected one token, got 2: "42" " "; did you mean " John|42"?"#,
        ),
        ("42|", "40", r#"answer "": expected one token, got none"#),
        (
            "42..45",
            "40",
            r#"answer "45": expected characters of this model's vocabulary, got "4", "5""#,
        ),
        (
            " 42..44",
            "40",
            r#"answer " 42": expected one token, got 2: " " "42""#,
        ),
        (
            "44..42",
            "40",
            r#"answer "44..42": expected two numbers with the same number of digits, the smaller first, such as 42..99 or 00..41, got 44 and 42"#,
        ),
        (
            "9..42",
            "40",
            r#"answer "9..42": expected two numbers with the same number of digits, the smaller first, such as 42..99 or 00..41, got 9 and 42"#,
        ),
        (
            "00..99",
            "40",
            r#"answer "00..99": expected at most 40 numbers (the model's vocabulary), got 100"#,
        ),
        (
            "42..44|00..37|40|41",
            "40",
            r#"answer "00": expected characters of this model's vocabulary, got "0""#,
        ),
        (
            "42|42..43",
            "40",
            r#"answer: expected each token once, got "42" (id 28) twice"#,
        ),
        (
            "42..44",
            "40|44",
            r#"distractor: expected no token that is an answer, got "44" (id 30)"#,
        ),
    ] {
        assert_eq!(refused(answer, distractor), format!("error: {expected}"));
    }
    let sets = ["--answer", "42..44", "--distractor", "40"];
    assert_eq!(
        model.refused(&[&PROMPTS[..], &sets].concat()),
        "error: answer: expected one token (metric logit-diff), got 3; the metric prob-diff takes several"
    );
    let beyond = ["--metric", "prob", "--answer-id", "3,40"];
    assert_eq!(
        model.refused(&[&PROMPTS[..], &beyond].concat()),
        "error: answer: expected token ids below 40 (the model's vocabulary), got 40"
    );
}

#[test]
fn several_answers_without_spaces_give_one_warning() {
    let model = Model::new();
    let set = [
        "--metric",
        "prob-diff",
        "--answer",
        "Mary|John",
        "--distractor",
        " to|.",
    ];
    let (_, warnings) = model.swept(&[&PROMPTS[..], &set].concat());
    assert_eq!(
        warnings,
        [
            "warning: the answer \"Mary\" has no leading space, but inside a text this word is the token \" Mary\"; \
             did you mean \" Mary| John\"?"
        ]
    );
}

/// Lets a number of steps pass and cancels the next one.
struct Steps(Cell<usize>);

impl Pause for Steps {
    fn pause(&self) -> Pin<Box<dyn Future<Output = Result<()>> + '_>> {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.unwrap_or_default());
        let cancelled = || Error::new(Code::Cancelled, "check", "to go on", "a cancel");
        Box::pin(ready(left.map(|_| ()).ok_or_else(cancelled)))
    }
}

#[test]
fn tokenising_many_pairs_can_be_cancelled_and_warnings_come_with_the_result() {
    let model = Model::new();
    let load = directory::load(model.directory.path(), DeviceChoice::Cpu);
    let session = pollster::block_on(load).unwrap();
    let text = |text: &str| Prompt::Text(text.into());
    let pair = PairRequest {
        clean: text("Mary to"),
        corrupted: text("John to"),
        answers: vec![Answer::Text("Mary".into())],
        distractors: vec![Answer::Text(" John".into())],
    };
    let on = MetricRequest {
        pairs: vec![pair; 5],
        metric: MetricKind::LogitDiff,
        position: None,
        prepend_bos: true,
    };
    let checked = |steps| {
        let pause = Steps(Cell::new(steps));
        pollster::block_on(session.check(&on, Replacement::Resample, &pause))
    };
    for steps in [0, 3, 7] {
        assert_eq!(checked(steps).unwrap_err().code, Code::Cancelled);
    }
    let warnings = checked(1000).unwrap();
    assert_eq!(warnings.len(), 1);
    let estimated = session.estimate(&on, LayerNorm::Frozen, &NoPause);
    assert_eq!(pollster::block_on(estimated).unwrap().warnings, warnings);
}

/// Zero changes equal prompts, and a mean whatever other pairs differ in.
#[test]
fn what_no_patch_changes_depends_on_what_goes_in() {
    let model = Model::new();
    let load = directory::load(model.directory.path(), DeviceChoice::Cpu);
    let session = pollster::block_on(load).unwrap();
    let text = |text: &str| Prompt::Text(text.into());
    let pair = |corrupted: &str| PairRequest {
        clean: text("Mary to"),
        corrupted: text(corrupted),
        answers: vec![Answer::Text(" Mary".into())],
        distractors: vec![Answer::Text(" John".into())],
    };
    let edges = |pairs: &[PairRequest], replacement| {
        let on = MetricRequest {
            pairs: pairs.to_vec(),
            metric: MetricKind::LogitDiff,
            position: None,
            prepend_bos: false,
        };
        let default = EdgeOptions::default();
        let options = EdgeOptions {
            patch: Patch {
                replacement,
                ..default.patch
            },
            ..default
        };
        let edge = "a0.h0->logits".parse().unwrap();
        let request = EdgesRequest {
            on,
            edges: Some(vec![edge]),
            options,
        };
        let swept = pollster::block_on(session.edges(&request, &NoPause, |_| Ok(())));
        let checked = pollster::block_on(session.check_edges(&request, &NoPause));
        assert_eq!(swept.as_ref().err(), checked.as_ref().err());
        let swept = swept?;
        assert_eq!(swept.warnings, checked?);
        let table = &swept.result.table;
        let effect = table.cell(edge).value().unwrap() - table.base();
        Ok::<_, Error>((effect, swept.warnings.len()))
    };
    let same = [pair("Mary to")];
    let (effect, warnings) = edges(&same, Replacement::Zero).unwrap();
    assert!(effect != 0.0 && warnings == 0);
    for replacement in [Replacement::Resample, Replacement::Mean] {
        let error = edges(&same, replacement).unwrap_err();
        assert_eq!(error.code, Code::Corrupted);
    }
    let one_differs = [pair("Mary to"), pair("John to")];
    for (replacement, expected) in [
        (Replacement::Resample, 1),
        (Replacement::Mean, 0),
        (Replacement::Zero, 0),
    ] {
        let (effect, warnings) = edges(&one_differs, replacement).unwrap();
        assert!(effect != 0.0, "{replacement:?}");
        assert_eq!(warnings, expected, "{replacement:?}");
    }
}
