//! `pathpatch graph` as a user runs it: EAP-IG's scores in EAP-IG's file format, and the same numbers in the other files.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output},
};

use burn::tensor::Device;
use pathpatch::{
    checkpoint,
    gpt2::Config,
    patching::{
        Direction, LayerNorm, Replacement,
        graph::{Edge, Graph},
    },
    prompt::{Batch, PromptPair},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    common::{fixtures, read},
    goldens::{Golden, Scores, golden},
    oracle::edges::{Edges, How, Read},
};

const TOLERANCE: f64 = 1e-4;
const GOLDENS: [&str; 2] = ["one-pair.json", "three-pairs.json"];
const GRAPH: Graph = Graph {
    n_layers: 2,
    n_heads: 2,
};

/// The names that EAP-IG writes, in its order.
#[derive(Deserialize)]
struct Names {
    nodes: Vec<String>,
    edges: Vec<String>,
}

fn names() -> Names {
    serde_json::from_slice(&read(fixtures().join("eap-ig/names.json"))).unwrap()
}

fn pathpatch(arguments: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_pathpatch");
    Command::new(binary).args(arguments).output().unwrap()
}

/// The model, and a file with a golden's pairs.
fn input(directory: &Path, golden: &Golden) -> Vec<String> {
    let lines = golden.pairs.iter().map(|pair| {
        let line = serde_json::json!({
            "clean_ids": pair.clean_ids, "corrupted_ids": pair.corrupted_ids,
            "answer_id": pair.answer_id, "distractor_id": pair.distractor_id,
        });
        line.to_string() + "\n"
    });
    let pairs = directory.join("pairs.jsonl");
    std::fs::write(&pairs, lines.collect::<String>()).unwrap();
    let model = fixtures().join("eap-ig/model").display().to_string();
    let pairs = pairs.display().to_string();
    ["--model", &model, "--pairs", &pairs, "--device", "cpu"]
        .map(String::from)
        .to_vec()
}

/// The output of a call with further arguments.
fn printed(input: &[String], further: &[&str]) -> Vec<u8> {
    let input: Vec<&str> = input.iter().map(String::as_str).collect();
    let output = pathpatch(&[&["graph"], &input[..], further].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.is_empty(), "{stderr}");
    output.stdout
}

/// The error line of a call that must fail with status 2.
fn refused(input: &[String], further: &[&str]) -> String {
    let input: Vec<&str> = input.iter().map(String::as_str).collect();
    let output = pathpatch(&[&["graph"], &input[..], further].concat());
    assert_eq!(output.status.code(), Some(2), "{further:?}");
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.trim().to_string()
}

fn graph(input: &[String], further: &[&str]) -> Value {
    serde_json::from_slice(&printed(input, further)).unwrap()
}

fn scores(report: &Value) -> BTreeMap<String, f64> {
    let edges = report["edges"].as_object().unwrap();
    let score = |(name, edge): (&String, &Value)| (name.clone(), edge["score"].as_f64().unwrap());
    edges.iter().map(score).collect()
}

/// The names of an object's fields in the file's order; `begin` is how each value begins.
fn in_order<'a>(text: &'a str, object: &str, begin: &str) -> Vec<&'a str> {
    let start = text.find(&format!("\"{object}\":{{")).unwrap();
    let body = &text[start + object.len() + 4..];
    let body = &body[..body.find("}}").unwrap()];
    let fields = body.split("},");
    fields
        .map(|field| {
            let (name, value) = field.split_once("\":{").unwrap();
            assert!(value.starts_with(begin), "{field}");
            name.trim_start_matches('"')
        })
        .collect()
}

#[test]
fn the_scores_agree_with_eap_ig() {
    for name in GOLDENS {
        let golden = golden(name);
        let directory = tempfile::tempdir().unwrap();
        let input = input(directory.path(), &golden);
        let noise = ["--direction", "noise"];
        // EAP-IG gives the change of the metric; a score is positive if the edge helps.
        let maps: [(&Scores, f64, Vec<&str>); 7] = [
            (&golden.denoising_exact, 1.0, vec![]),
            (
                &golden.denoising_frozen,
                1.0,
                vec!["--layer-norm", "frozen"],
            ),
            (&golden.noising_exact, -1.0, noise.to_vec()),
            (
                &golden.noising_frozen,
                -1.0,
                [&noise[..], &["--layer-norm", "frozen"]].concat(),
            ),
            (
                &golden.zero_exact,
                -1.0,
                [&noise[..], &["--patch", "zero"]].concat(),
            ),
            (
                &golden.eap,
                -1.0,
                [&noise[..], &["--scores", "eap"]].concat(),
            ),
            (
                &golden.eap_ig_5,
                -1.0,
                [&noise[..], &["--scores", "eap-ig"]].concat(),
            ),
        ];
        for (theirs, sign, options) in maps {
            let report = graph(&input, &options);
            let ours = scores(&report);
            assert_eq!(ours.len(), theirs.len(), "{name} {options:?}");
            for (edge, theirs) in theirs {
                let difference = (ours[edge] - sign * theirs).abs();
                assert!(
                    difference < TOLERANCE,
                    "{name} {options:?} {edge}: {difference}"
                );
            }
            let about = &report["pathpatch"];
            for (field, expected) in [
                ("clean_metric", golden.clean_metric),
                ("corrupted_metric", golden.corrupted_metric),
            ] {
                let got = about[field].as_f64().unwrap();
                assert!((got - expected).abs() < TOLERANCE, "{field}: {got}");
            }
        }
    }
}

/// The mean of pairs of which one is shorter, against a plain f64 pass for each edge.
#[test]
fn means_agree_with_the_oracle() {
    let directory = tempfile::tempdir().unwrap();
    let mut golden = golden("three-pairs.json");
    let short = &mut golden.pairs[0];
    let len = short.clean_ids.len() - 1;
    short.clean_ids.truncate(len);
    short.corrupted_ids.truncate(len);
    let input = input(directory.path(), &golden);
    let read_model = |file: &str| read(fixtures().join("eap-ig/model").join(file));
    let config = Config::from_json(&read_model("config.json")).unwrap();
    let weights = read_model("model.safetensors");
    let model = checkpoint::load(config, &weights, &Device::flex()).unwrap();
    let pairs = golden.pairs.iter().map(|pair| PromptPair {
        clean: pair.clean_ids.clone(),
        corrupted: pair.corrupted_ids.clone(),
        answers: vec![pair.answer_id],
        distractors: vec![pair.distractor_id],
    });
    let batch = Batch::new(pairs.collect(), None, &model.config).unwrap();
    let oracle = Edges::new(&model, &batch);
    for (direction, sign) in [(Direction::Denoise, 1.0), (Direction::Noise, -1.0)] {
        let options = ["--patch", "mean", "--direction", direction.as_str()];
        let ours = scores(&graph(&input, &options));
        let how = How {
            direction,
            replacement: Replacement::Mean,
            layer_norm: LayerNorm::Exact,
            position: None,
        };
        let logit_diff: Read = |logits, _, pair, at| {
            logits[at][pair.answers[0] as usize] - logits[at][pair.distractors[0] as usize]
        };
        let base = oracle.base(direction, logit_diff);
        assert_eq!(ours.len(), GRAPH.edges().count());
        for edge in GRAPH.edges() {
            let expected = sign * (oracle.value(edge, how, 1.0, logit_diff) - base);
            let got = ours[&edge.to_string()];
            assert!(
                (got - expected).abs() < TOLERANCE,
                "{edge}: {got} {expected}"
            );
        }
    }
}

/// The divergence from the clean run is smallest there: its gradient is 0 and tells no edges apart.
#[test]
fn scores_by_the_gradient_of_a_divergence_in_its_minimum_give_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let mut input = input(directory.path(), &golden("one-pair.json"));
    input.extend(["--metric", "kl", "--direction", "noise"].map(String::from));
    let input: Vec<&str> = input.iter().map(String::as_str).collect();
    let run = |options: &[&str]| {
        let output = pathpatch(&[&["graph"], &input[..], options].concat());
        assert!(output.status.success());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (scores(&report), String::from_utf8(output.stderr).unwrap())
    };
    for kind in ["estimate", "eap"] {
        let (scores, stderr) = run(&["--scores", kind]);
        assert!(scores.values().all(|score| score.abs() < TOLERANCE));
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("its gradient is 0 there"), "{stderr}");
    }
    let (by_eap_ig, stderr) = run(&["--scores", "eap-ig"]);
    assert!(stderr.is_empty(), "{stderr}");
    let (strongest, stderr) = run(&["--strongest", "5"]);
    assert!(stderr.is_empty(), "{stderr}");
    // The five, and all others at random: the fixture has fewer than 300.
    assert_eq!(strongest.len(), by_eap_ig.len());
}

#[test]
fn names_counts_and_order_agree_with_eap_ig() {
    let directory = tempfile::tempdir().unwrap();
    let input = input(directory.path(), &golden("one-pair.json"));
    let text = String::from_utf8(printed(&input, &[])).unwrap();
    let Names { nodes, edges } = names();
    assert_eq!(in_order(&text, "nodes", "\"in_graph\":true"), nodes);
    assert_eq!(in_order(&text, "edges", "\"score\":"), edges);
    let report: Value = serde_json::from_str(&text).unwrap();
    let cfg = serde_json::json!({
        "n_layers": 2, "n_heads": 2, "parallel_attn_mlp": false, "d_model": 16,
    });
    assert_eq!(report["cfg"], cfg);
    let about = &report["pathpatch"];
    for (field, expected) in [
        ("version", env!("CARGO_PKG_VERSION")),
        ("model", "model"),
        ("direction", "denoise"),
        ("patch", "resample"),
        ("layer_norm", "exact"),
        ("metric", "logit-diff"),
        ("scores", "exact"),
    ] {
        assert_eq!(about[field], expected);
    }
    assert!(
        about["definition"]
            .as_str()
            .unwrap()
            .contains("the corrupted run")
    );
    assert!(
        about["sign"]
            .as_str()
            .unwrap()
            .contains("positive where the edge helps")
    );
    let date = about["date"].as_str().unwrap();
    assert!(date.len() == 10 && date > "2024", "{date}");
    assert_eq!(about["check"], Value::Null);
    assert!(about.get("positions").is_none());
}

/// The prompts in a result are a file of pairs that gives the same scores.
fn assert_repeatable(input: &[String], how: &[&str]) {
    let first = graph(input, how);
    let directory = tempfile::tempdir().unwrap();
    let again = directory.path().join("again.json");
    std::fs::write(&again, first["pathpatch"]["prompts"].to_string()).unwrap();
    let model = fixtures().join("eap-ig/model").display().to_string();
    let again = again.display().to_string();
    let input = ["--model", &model, "--pairs", &again, "--device", "cpu"].map(String::from);
    let second = graph(&input, how);
    assert_eq!(first["edges"], second["edges"]);
}

#[test]
fn the_prompts_can_be_run_again() {
    let directory = tempfile::tempdir().unwrap();
    let several = input(directory.path(), &golden("three-pairs.json"));
    assert_repeatable(&several, &["--direction", "noise"]);

    let model = fixtures().join("eap-ig/model").display().to_string();
    let sets = [
        ["--model", &model],
        ["--clean-ids", "3,1,4,1,5"],
        ["--corrupted-ids", "3,9,4,1,5"],
        ["--answer-id", "5,6"],
        ["--distractor-id", "7"],
        ["--device", "cpu"],
    ];
    let sets = sets.as_flattened().iter().map(ToString::to_string);
    assert_repeatable(&sets.collect::<Vec<_>>(), &["--metric", "prob-diff"]);
}

#[test]
fn the_strongest_are_the_circuit_and_the_rest_is_checked() {
    let directory = tempfile::tempdir().unwrap();
    let golden = golden("three-pairs.json");
    let input = input(directory.path(), &golden);
    let report = graph(&input, &["--strongest", "5"]);
    let edges = report["edges"].as_object().unwrap();
    let in_graph: Vec<&String> = edges
        .iter()
        .filter(|(_, edge)| edge["in_graph"] == true)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(in_graph.len(), 5);
    for (name, edge) in edges {
        let difference = (edge["score"].as_f64().unwrap() - golden.denoising_exact[name]).abs();
        assert!(difference < TOLERANCE, "{name}: {difference}");
    }
    let size = |name: &str| edges[name]["score"].as_f64().unwrap().abs();
    let weakest = in_graph
        .iter()
        .map(|name| size(name))
        .fold(f64::INFINITY, f64::min);
    for name in edges.keys().filter(|name| !in_graph.contains(name)) {
        assert!(size(name) <= weakest, "{name}");
    }
    let nodes = report["nodes"].as_object().unwrap();
    for (name, node) in nodes {
        let touches = |edge: &&String| {
            let edge: Edge = edge.parse().unwrap();
            let to = edge.to.to_string();
            let to = to.split('<').next().unwrap().to_string();
            edge.from.to_string() == *name || to == *name
        };
        let is_end = name == "input" || name == "logits";
        assert_eq!(
            node["in_graph"],
            is_end || in_graph.iter().any(touches),
            "{name}"
        );
    }
    let about = &report["pathpatch"];
    assert_eq!(about["strongest"], 5);
    let check = &about["check"];
    assert_eq!(check["edges"].as_u64().unwrap() as usize, edges.len() - 5);
    assert!(check["largest_error"].as_f64().unwrap().is_finite());

    // With estimates, all edges have scores, and the circuit is chosen by their size too.
    let report = graph(&input, &["--strongest", "5", "--scores", "eap"]);
    let edges = report["edges"].as_object().unwrap();
    assert_eq!(edges.len(), golden.eap.len());
    let in_graph = edges.values().filter(|edge| edge["in_graph"] == true);
    assert_eq!(in_graph.count(), 5);
    assert_eq!(report["pathpatch"]["check"], Value::Null);
}

#[test]
fn positions_and_what_is_left_of_them_make_the_score() {
    let directory = tempfile::tempdir().unwrap();
    let golden = golden("one-pair.json");
    let input = input(directory.path(), &golden);
    let pos = golden.pairs[0].clean_ids.len();
    let estimates = graph(&input, &["--by-position", "--scores", "estimate"]);
    let estimates = &estimates["pathpatch"]["positions"];
    for options in [
        &["--by-position", "--strongest", "5"][..],
        &["--by-position", "--scores", "eap", "--direction", "noise"],
    ] {
        let report = graph(&input, options);
        let positions = report["pathpatch"]["positions"].as_object().unwrap();
        assert_eq!(positions.len(), report["edges"].as_object().unwrap().len());
        for (name, at) in positions {
            let scores = at["scores"].as_array().unwrap();
            assert_eq!(scores.len(), pos);
            let sum: f64 = scores.iter().map(|s| s.as_f64().unwrap()).sum();
            let rest = at["rest"].as_f64().unwrap();
            if options.contains(&"--strongest") && at["kind"] == "estimate" {
                // An edge of the check: its score is exact, its positions are estimates like their rest.
                let [these, theirs] = [at, &estimates[name]].map(|at| at["rest"].as_f64().unwrap());
                assert!((these - theirs).abs() < TOLERANCE, "{name}");
                continue;
            }
            let score = report["edges"][name]["score"].as_f64().unwrap();
            assert!((sum + rest - score).abs() < TOLERANCE, "{name}");
            // Attribution is linear in the change.
            assert!(
                options.len() == 3 || rest.abs() < TOLERANCE,
                "{name}: {rest}"
            );
        }
        let exact = positions
            .values()
            .filter(|at| at["kind"] == "exact")
            .count();
        assert_eq!(
            exact,
            if options.contains(&"--strongest") {
                5
            } else {
                0
            }
        );
    }
}

#[test]
fn other_files_have_the_same_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let input = input(directory.path(), &golden("three-pairs.json"));
    let expected = scores(&graph(&input, &[]));
    let write = |name: &str, further: &[&str]| {
        let out = directory.path().join(name);
        // Nothing of the files' earlier content is left.
        std::fs::write(&out, "x".repeat(100_000)).unwrap();
        let out = out.display().to_string();
        let printed = printed(&input, &[&["--out", &out], further].concat());
        assert!(printed.is_empty());
        std::fs::read(&out).unwrap()
    };

    let json: Value = serde_json::from_slice(&write("graph.json", &[])).unwrap();
    assert_eq!(scores(&json), expected);

    let npy = write("graph.NPY", &[]);
    assert_eq!(&npy[..8], b"\x93NUMPY\x01\x00");
    let header = u16::from_le_bytes([npy[8], npy[9]]) as usize;
    assert_eq!((10 + header) % 64, 0);
    let text = std::str::from_utf8(&npy[10..10 + header]).unwrap();
    let dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (7, 15), }";
    assert_eq!(text.trim_end_matches('\n').trim_end_matches(' '), dict);
    let numbers: Vec<f32> = npy[10 + header..]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect();
    assert_eq!(numbers.len(), 7 * 15);
    let finite = numbers.iter().filter(|n| !n.is_nan()).count();
    assert_eq!(finite, expected.len());
    for edge in GRAPH.edges() {
        let number = f64::from(numbers[GRAPH.place(edge)]);
        assert!(
            (number - expected[&edge.to_string()]).abs() < 1e-6,
            "{edge}"
        );
    }

    let csv = String::from_utf8(write("graph.csv", &[])).unwrap();
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "from,to,score,value,kind,std_dev,in_graph"
    );
    let base = json["pathpatch"]["corrupted_metric"].as_f64().unwrap();
    let mut names = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let [from, to, score, value, kind, std_dev, in_graph] = fields[..] else {
            panic!("{line}");
        };
        let [score, value, std_dev] = [score, value, std_dev].map(|n| n.parse::<f64>().unwrap());
        let name = format!("{from}->{to}");
        assert!((score - expected[&name]).abs() < 1e-6);
        assert!((value - base - score).abs() < TOLERANCE);
        assert!(std_dev >= 0.0 && kind == "exact" && in_graph == "true");
        names.push(name);
    }
    assert_eq!(names, self::names().edges);

    let csv = String::from_utf8(write(
        "strongest.csv",
        &["--strongest", "4", "--checked", "6"],
    ));
    let csv = csv.unwrap();
    let ending = |end: &str| csv.lines().filter(|line| line.ends_with(end)).count();
    assert_eq!(ending(",true"), 4);
    assert_eq!(ending(",false"), names.len() - 4);
    assert_eq!(csv.matches(",exact,").count(), 10);
    assert_eq!(csv.matches(",estimate,").count(), names.len() - 10);

    let dot = String::from_utf8(write("graph.dot", &["--strongest", "4"])).unwrap();
    assert!(dot.starts_with("digraph"));
    assert_eq!(dot.matches(" -> ").count(), 4);
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
}

#[test]
fn bad_requests_are_refused_before_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let input = input(directory.path(), &golden("one-pair.json"));
    for (further, expected) in [
        (
            &["--out", "graph.txt"][..],
            "expected a name that ends in .json, .npy, .dot or .csv, got graph.txt",
        ),
        (
            &["--steps", "3"],
            "steps: expected --scores eap-ig beside it, got 3 with --scores exact",
        ),
        (
            &["--scores", "eap-ig", "--steps", "0"],
            "steps: expected 1 to 1000, got 0",
        ),
        (
            &["--checked", "3", "--strongest", "5", "--scores", "eap"],
            "checked: expected exact scores, got eap",
        ),
        (&["--checked", "3"], "--strongest"),
        (&["--strongest", "0"], "0 is not in 1.."),
        (
            &["--by-position", "--out", "graph.csv"],
            "by-position: expected JSON, the only file that has positions",
        ),
        (
            &["--scores", "ap"],
            "possible values: exact, estimate, eap, eap-ig",
        ),
        (&["--direction", "up"], "possible values: denoise, noise"),
        (
            &["--patch", "none"],
            "possible values: resample, mean, zero",
        ),
    ] {
        let error = refused(&input, further);
        assert!(error.contains(expected), "{error}");
    }
}

/// A file that cannot be opened gives an error at once. If the run fails, an existing file keeps its content.
#[test]
fn files_are_opened_first_and_kept_until_there_is_a_result() {
    let directory = tempfile::tempdir().unwrap();
    let golden = golden("one-pair.json");
    let input = input(directory.path(), &golden);
    let inputs: Vec<&str> = input.iter().map(String::as_str).collect();
    let missing = directory.path().join("no/graph.json").display().to_string();
    let output = pathpatch(&[&["graph"], &inputs[..], &["--out", &missing]].concat());
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("no/graph.json") || stderr.contains("no\\graph.json"),
        "{stderr}"
    );

    let kept = directory.path().join("kept.json");
    std::fs::write(&kept, "before").unwrap();
    let kept = kept.display().to_string();
    let error = refused(&input, &["--out", &kept, "--position", "99"]);
    assert!(error.contains("position"), "{error}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "before");
}
