//! The question that all runners of the benchmark are asked.

use std::path::Path;

use pathpatch::{
    directory,
    metric::MetricKind,
    session::{Answer, MetricRequest, PairRequest, Prompt},
};
use serde::Deserialize;

/// The prompts file that all runners of the benchmark read.
#[derive(Deserialize)]
struct Prompts {
    clean: Vec<Vec<u32>>,
    corrupted: Vec<Vec<u32>>,
    answers: Vec<u32>,
    distractors: Vec<u32>,
}

/// The difference of logits on the prompts of a file.
pub fn request(file: &Path) -> MetricRequest {
    let prompts = directory::read(file).expect("the prompts file");
    let prompts: Prompts = serde_json::from_slice(&prompts).expect("a prompts file");
    let pair = |i: usize| PairRequest {
        clean: Prompt::Ids(prompts.clean[i].clone()),
        corrupted: Prompt::Ids(prompts.corrupted[i].clone()),
        answers: vec![Answer::Id(prompts.answers[i])],
        distractors: vec![Answer::Id(prompts.distractors[i])],
    };
    MetricRequest {
        pairs: (0..prompts.clean.len()).map(pair).collect(),
        metric: MetricKind::LogitDiff,
        position: None,
        prepend_bos: false,
    }
}
