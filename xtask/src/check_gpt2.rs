//! GPT-2's published figures, checked on the real weights, which no test can download.
//!
//! The logit differences are those of TransformerLens's Activation Patching demo. The paths into the query of head 9.9
//! are those of its direct path patching for the Mary and John pair: 0 is the corrupted run, 1 the clean one.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::run::{WITHOUT_WEBGPU, cargo_program};

const PROMPTS: &str = "target/check-gpt2.jsonl";

/// A template, its two names, and the published logit difference with either as the answer.
const INDIRECT_OBJECTS: [(&str, [&str; 2], [f64; 2]); 4] = [
    (
        "When John and Mary went to the shops,{} gave the bag to",
        [" John", " Mary"],
        [3.337, 3.202],
    ),
    (
        "When Tom and James went to the park,{} gave the ball to",
        [" Tom", " James"],
        [2.709, 3.797],
    ),
    (
        "When Dan and Sid went to the shops,{} gave an apple to",
        [" Dan", " Sid"],
        [1.720, 5.281],
    ),
    (
        "After Martin and Amy went to the park,{} gave a drink to",
        [" Martin", " Amy"],
        [2.601, 5.767],
    ),
];
const MEAN: f64 = 3.5519;
const TOLERANCE: f64 = 1e-3;

/// Sources of the query of 9.9, and what they bring back.
const INTO_9_9: [(&str, f64); 3] = [("8.6", 0.083), ("8.10", 0.066), ("7.9", 0.036)];
const TOLERANCE_INTO_9_9: f64 = 2e-3;

#[derive(Deserialize)]
struct Report {
    clean_metric: f64,
    corrupted_metric: f64,
    values: Vec<Vec<Option<f64>>>,
}

/// Check a directory with GPT-2 small's `config.json`, weights and tokenizer.
pub fn check(directory: &str) -> Result<()> {
    let mut differences = Vec::new();
    let mut check = |what: String, expected: f64, got: f64, tolerance: f64| {
        let is_same = (expected - got).abs() <= tolerance;
        println!(
            "{what:40} {expected:8.4} {got:8.4} {}",
            if is_same { "" } else { "differs" }
        );
        if !is_same {
            differences.push(what);
        }
    };
    println!("{:40} {:>8} {:>8}", "", "expected", "got");
    let pairs: Vec<(Value, f64)> = INDIRECT_OBJECTS.iter().flat_map(pairs_of).collect();
    for (pair, expected) in &pairs {
        let report = baseline(directory, std::slice::from_ref(pair))?;
        let what = format!("logit difference, answer{}", pair["answer"]);
        check(what, *expected, report.clean_metric, TOLERANCE);
    }
    let all: Vec<Value> = pairs.into_iter().map(|(pair, _)| pair).collect();
    let report = baseline(directory, &all)?;
    check("mean, clean".into(), MEAN, report.clean_metric, TOLERANCE);
    check(
        "mean, corrupted".into(),
        -MEAN,
        report.corrupted_metric,
        TOLERANCE,
    );

    let prompt =
        |name: &str| format!("When Mary and John went to the store,{name} gave a drink to");
    let pair = json!({
        "clean": prompt(" John"), "corrupted": prompt(" Mary"), "answer": " Mary", "distractor": " John",
    });
    for (source, expected) in INTO_9_9 {
        let options = [
            "--component",
            "q",
            "--metric",
            "normalized-logit-diff",
            "--source",
            source,
        ];
        let report = sweep(directory, std::slice::from_ref(&pair), &options)?;
        let got = report.values.get(9).and_then(|heads| *heads.get(9)?);
        let got = got.context("no head 9.9: this is not GPT-2 small")?;
        check(
            format!("{source} into the query of 9.9"),
            expected,
            got,
            TOLERANCE_INTO_9_9,
        );
    }
    match differences.len() {
        0 => Ok(()),
        n => bail!("{n} figures differ from the published ones"),
    }
}

/// Both prompts of a template, each with the other as its corrupted prompt, and the logit difference of each.
fn pairs_of((template, names, expected): &(&str, [&str; 2], [f64; 2])) -> [(Value, f64); 2] {
    [0, 1].map(|answer| {
        let (right, wrong) = (names[answer], names[1 - answer]);
        let pair = json!({
            "clean": template.replace("{}", wrong), "corrupted": template.replace("{}", right),
            "answer": right, "distractor": wrong,
        });
        (pair, expected[answer])
    })
}

/// The metric of both runs: a head of the last layer has no edges to sweep.
fn baseline(directory: &str, pairs: &[Value]) -> Result<Report> {
    sweep(
        directory,
        pairs,
        &[
            "--component",
            "q",
            "--metric",
            "logit-diff",
            "--source",
            "11.0",
        ],
    )
}

fn sweep(directory: &str, pairs: &[Value], options: &[&str]) -> Result<Report> {
    let lines: Vec<String> = pairs.iter().map(Value::to_string).collect();
    fs::create_dir_all(Path::new(PROMPTS).parent().context("a directory")?)?;
    fs::write(PROMPTS, lines.join("\n"))?;
    let output = Command::new(cargo_program())
        .args([
            "run",
            "--quiet",
            "--release",
            "--locked",
            "--package",
            "pathpatch-cli",
        ])
        .args([WITHOUT_WEBGPU, "--", "sweep", "--model", directory])
        .args(["--pairs", PROMPTS])
        .args(options)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("pathpatch sweep failed: {}", output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
