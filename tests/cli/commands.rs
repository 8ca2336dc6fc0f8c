//! The command line as a user runs it: the JSON that it prints, and its one line of error for bad input.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::common::{Expected, demo, expected, fixtures};

const TOLERANCE: f64 = 1e-4;

fn pathpatch(arguments: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_pathpatch");
    Command::new(binary).args(arguments).output().unwrap()
}

fn sweep(arguments: &[&str]) -> Value {
    let output = pathpatch(&[&["sweep", "--device", "cpu"], arguments].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.is_empty(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The error line of a call that must fail with status 2.
fn refused(arguments: &[&str]) -> String {
    failed(arguments, 2)
}

/// The error line of a call that must fail with a status.
fn failed(arguments: &[&str], status: i32) -> String {
    let output = pathpatch(arguments);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}");
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.trim().to_string()
}

fn path(name: &str) -> String {
    fixtures().join(name).display().to_string()
}

fn joined(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// The numbers of nested arrays, in order; `None` for null.
fn flat(value: &Value) -> Vec<Option<f64>> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        other => vec![other.as_f64()],
    }
}

/// Entries with a path agree with TransformerLens; the others are null here and 0 there.
fn assert_agrees(values: &Value, theirs: &[f32]) {
    let ours = flat(values);
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        match ours {
            Some(ours) => assert!((ours - f64::from(*theirs)).abs() < TOLERANCE),
            None => assert_eq!(*theirs, 0.0),
        }
    }
}

fn prefixed() -> (Expected, Vec<String>) {
    let expected = expected(fixtures().join("prefixed-f32/expected.json"));
    let b = &expected.batch;
    let arguments = [
        "--model",
        &path("prefixed-f32"),
        "--clean-ids",
        &joined(&b.clean[0]),
        "--corrupted-ids",
        &joined(&b.corrupted[0]),
        "--answer-id",
        &b.answers[0].to_string(),
        "--distractor-id",
        &b.distractors[0].to_string(),
    ]
    .map(String::from)
    .to_vec();
    (expected, arguments)
}

#[test]
fn every_component_and_metric_agrees_with_transformer_lens() {
    let (expected, arguments) = prefixed();
    for theirs in &expected.sweeps {
        let mut call: Vec<&str> = arguments.iter().map(String::as_str).collect();
        call.extend(["--component", &theirs.component, "--metric", &theirs.metric]);
        let report = sweep(&call);
        assert_agrees(&report["values"], &theirs.values);
        for (run, theirs) in [
            ("clean_metric", theirs.clean_metric),
            ("corrupted_metric", theirs.corrupted_metric),
        ] {
            let ours = report[run].as_f64().unwrap();
            assert!((ours - f64::from(theirs)).abs() < TOLERANCE, "{run}");
        }
        assert_eq!(report["model"], "prefixed-f32");
        assert_eq!(report["n_layers"], 2);
        assert_eq!(report["n_heads"], 2);
        assert_eq!(report["component"], theirs.component);
        assert_eq!(report["metric"], theirs.metric);
        assert_eq!(report["source"], Value::Null);
        assert_eq!(report["values"][1][0][0], json!([null, null]));
    }
}

#[test]
fn one_source_equals_its_part_of_the_full_sweep_and_is_written_to_a_file() {
    let (_, arguments) = prefixed();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let whole = sweep(&[&arguments[..], &["--component", "k"]].concat());
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("grid.json").display().to_string();
    let call = [
        "sweep",
        "--component",
        "k",
        "--source",
        "0.1",
        "--out",
        &out,
    ];
    let output = pathpatch(&[&call[..], &arguments].concat());
    assert!(output.status.success());
    assert!(output.stdout.is_empty());
    let one: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(one["values"], whole["values"][0][1]);
    assert_eq!(one["source"], json!([0, 1]));
}

#[test]
fn a_file_of_pairs_gives_the_mean_over_them() {
    let expected = expected(fixtures().join("hub-f16/expected.json"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pairs.jsonl");
    let lines = expected.batch.pairs().into_iter().map(|pair| {
        let line = json!({
            "clean_ids": pair.clean, "corrupted_ids": pair.corrupted,
            "answer_id": pair.answers[0], "distractor_id": pair.distractors[0],
        });
        line.to_string() + "\n"
    });
    std::fs::write(&file, lines.collect::<String>()).unwrap();
    let (model, file) = (path("hub-f16"), file.display().to_string());
    for theirs in &expected.sweeps {
        let (component, metric) = (&theirs.component, &theirs.metric);
        let report = sweep(&[
            "--model",
            &model,
            "--pairs",
            &file,
            "--component",
            component,
            "--metric",
            metric,
        ]);
        assert_agrees(&report["values"], &theirs.values);
    }
}

const IOI: [&str; 8] = [
    "--clean",
    "When Mary and John went to the store , John gave a book to",
    "--corrupted",
    "When Mary and John went to the store , Mary gave a book to",
    "--answer",
    "Mary",
    "--distractor",
    "John",
];

#[test]
fn texts_are_tokenised_and_begin_with_the_bos_token() {
    let model = demo().display().to_string();
    let call = [&["--model", &model, "--component", "q"], &IOI[..]].concat();
    let with_bos = sweep(&call);
    assert!(with_bos["clean_metric"].as_f64().unwrap() > 1.0);
    assert!(with_bos["corrupted_metric"].as_f64().unwrap() < -1.0);
    let without = sweep(&[&call[..], &["--no-bos"]].concat());
    assert_ne!(with_bos["clean_metric"], without["clean_metric"]);
}

#[test]
fn inspect_prints_the_shape_and_the_parameters() {
    let output = pathpatch(&["inspect", "--model", &path("untied-bf16")]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "n_layers    4",
        "d_head      10",
        "n_ctx       9",
        "eps         0.001",
        "activation  gelu_new",
        "scaled by   1/sqrt(d_head)",
        "unembedding untied",
        "n_params    21940",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    assert!(output.stderr.is_empty());
}

#[test]
fn inspect_says_what_a_config_means() {
    let directory = tempfile::tempdir().unwrap();
    let config = json!({
        "model_type": "gpt2", "n_layer": 3, "num_hidden_layers": 2, "activation_function": "silu",
        "scale_attn_weights": false, "scale_attn_by_inverse_layer_idx": true, "bos_token_id": "<s>",
    });
    std::fs::write(directory.path().join("config.json"), config.to_string()).unwrap();
    let output = pathpatch(&["inspect", "--model", directory.path().to_str().unwrap()]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "n_layers    2",
        "eps         1e-5",
        "bos         none",
        "activation  silu",
        "scaled by   1/(layer + 1)",
        "unembedding tied",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    let warnings = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = warnings.lines().collect();
    assert_eq!(lines.len(), 2, "{warnings}");
    assert!(lines[0].starts_with("warning: config.json has n_layer 3 and num_hidden_layers 2"));
    assert!(lines[1].starts_with("warning: config.json field bos_token_id: \"<s>\""));
}

/// The status is that of bad input, not of a failed disk.
#[test]
fn a_directory_without_a_model_is_bad_input() {
    let directory = tempfile::tempdir().unwrap();
    let config = fixtures().join("prefixed-f32").join("config.json");
    std::fs::copy(config, directory.path().join("config.json")).unwrap();
    std::fs::write(directory.path().join("pytorch_model.bin"), "").unwrap();
    let sweep = [
        "sweep",
        "--component",
        "q",
        "--clean-ids",
        "1,2",
        "--corrupted-ids",
        "1,3",
    ];
    let sweep = [
        &sweep[..],
        &["--source", "0.0", "--answer-id", "1", "--metric", "prob"],
    ]
    .concat();
    let error = refused(&[&sweep[..], &["--model", directory.path().to_str().unwrap()]].concat());
    assert!(
        error.starts_with(
            "error: model.safetensors: expected it, or model.safetensors.index.json, among"
        ) && error.contains("got pytorch_model.bin, PyTorch's pickled format"),
        "{error}"
    );
}

#[test]
fn bad_input_is_one_line_that_names_it() {
    let (model, random) = (demo().display().to_string(), path("prefixed-f32"));
    let on = |model: &str, rest: &[&str]| {
        let call = [&["sweep", "--model", model, "--component", "q"], rest].concat();
        refused(&call)
    };
    let mut ioi = IOI;
    ioi[3] = "When Mary and John went to the store , Mary gave to";
    assert_eq!(
        on(&model, &ioi),
        "error: corrupted prompt: expected as many tokens as the clean prompt (15), got 13"
    );
    ioi = IOI;
    ioi[5] = "Mary John";
    assert_eq!(
        on(&model, &ioi),
        "error: answer: expected one token, got 2: \"Mary\" \"John\""
    );
    ioi[5] = "";
    assert_eq!(
        on(&model, &ioi),
        "error: answer: expected one token, got none"
    );
    ioi = IOI;
    ioi[1] = "Colourless green ideas";
    assert_eq!(
        on(&model, &ioi),
        "error: clean prompt: expected words of this model's vocabulary, got \"Colourless\", \
         \"green\", \"ideas\""
    );
    assert_eq!(
        on(&model, &IOI[..4]),
        "error: answer: expected one token (metric logit-diff), got none"
    );
    assert_eq!(
        on(&random, &IOI),
        "error: clean prompt: expected a tokenizer.json beside the model, or prompts as token ids, \
         got text and no tokenizer"
    );
    let ids = [
        "--clean-ids",
        "1,2",
        "--corrupted-ids",
        "1,3",
        "--answer-id",
        "4",
    ];
    let ids = [&ids[..], &["--distractor-id", "5"]].concat();
    assert_eq!(
        on(&random, &[&ids[..], &["--source", "2.0"]].concat()),
        "error: source head: expected layer 0 to 1 and head 0 to 1, got 2.0"
    );
    assert_eq!(
        on(&random, &[&ids[..], &["--source", "nine"]].concat()),
        "error: invalid value 'nine' for '--source <L.H>': source head: expected LAYER.HEAD, such as 9.6, got nine"
    );
    assert_eq!(
        on(&random, &[&ids[..], &["--metric", "accuracy"]].concat()),
        "error: invalid value 'accuracy' for '--metric <METRIC>' [possible values: logit-diff, \
         normalized-logit-diff, log-prob, prob, prob-diff, kl]"
    );
    let nowhere = ["sweep", "--model", "/nowhere", "--component", "q"];
    let nowhere = failed(&[&nowhere[..], &ids].concat(), 1);
    assert!(
        nowhere.starts_with("error: /nowhere: expected the directory of a model"),
        "{nowhere}"
    );
    // This error comes before the sweep.
    let out = ["--out", "/nowhere/grid.json"];
    let out = [
        &["sweep", "--model", &random, "--component", "q"],
        &ids[..],
        &out,
    ]
    .concat();
    let out = failed(&out, 1);
    assert!(
        out.starts_with("error: /nowhere/grid.json: expected a file"),
        "{out}"
    );
    let sweep = [&["sweep", "--model", &random, "--component", "x"], &ids[..]].concat();
    assert_eq!(
        refused(&sweep),
        "error: invalid value 'x' for '--component <COMPONENT>' [possible values: q, k, v]"
    );
}

#[test]
fn a_bad_line_of_a_file_of_pairs_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pairs.jsonl");
    let (model, name) = (path("prefixed-f32"), file.display().to_string());
    let good =
        r#"{"clean_ids": [1, 2], "corrupted_ids": [1, 3], "answer_id": 4, "distractor_id": 5}"#;
    let refused_with = |second: &str| {
        std::fs::write(&file, format!("{good}\n{second}\n")).unwrap();
        refused(&[
            "sweep",
            "--model",
            &model,
            "--component",
            "q",
            "--pairs",
            &name,
        ])
    };
    assert!(refused_with("not json").starts_with("error: line 2 of the pairs: expected an object"));
    assert_eq!(
        refused_with(r#"{"clean": "a", "clean_ids": [1], "corrupted_ids": [1]}"#),
        "error: line 2 of the pairs: expected either clean or clean_ids, got both"
    );
    assert_eq!(
        refused_with(r#"{"clean_ids": [1], "corrupted_ids": [1, 2]}"#),
        "error: pair 2: corrupted prompt: expected as many tokens as the clean prompt (1), got 2"
    );
    std::fs::write(&file, "\n").unwrap();
    assert_eq!(
        refused(&[
            "sweep",
            "--model",
            &model,
            "--component",
            "q",
            "--pairs",
            &name
        ]),
        "error: prompt pairs: expected at least 1 pair, got none"
    );
}

#[test]
fn wrong_arguments_give_one_line_of_error_too() {
    let missing = refused(&["sweep", "--component", "q"]);
    assert!(
        missing.starts_with("error: the following required arguments"),
        "{missing}"
    );
    assert!(missing.contains("--model <DIR>"), "{missing}");
    let both = refused(&[
        "sweep",
        "--model",
        "m",
        "--component",
        "q",
        "--clean",
        "a",
        "--pairs",
        "f",
    ]);
    assert!(both.contains("cannot be used with"), "{both}");
    let ids = ["--clean-ids", "1,two", "--corrupted-ids", "1,3"];
    let ids = refused(&[&["sweep", "--model", "m", "--component", "q"], &ids[..]].concat());
    assert!(
        ids.contains("invalid value 'two' for '--clean-ids <IDS>'"),
        "{ids}"
    );
    assert!(refused(&["swep"]).contains("unrecognized subcommand 'swep'"));
    assert!(pathpatch(&["--help"]).status.success());
    let help = String::from_utf8(pathpatch(&["sweep", "--help"]).stdout).unwrap();
    for values in ["q, k, v", "kl", "frozen, exact", "auto, cpu, webgpu"] {
        assert!(help.contains(values), "{values} in\n{help}");
    }
}
