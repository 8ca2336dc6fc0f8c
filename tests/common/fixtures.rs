//! Where the fixtures are, and what the generator wrote for them: TransformerLens's numbers.

use std::path::{Path, PathBuf};

use pathpatch::prompt::PromptPair;
use serde::Deserialize;

/// What the generator writes for a model.
#[derive(Deserialize)]
pub struct Expected {
    pub batch: ExpectedBatch,
    pub sweeps: Vec<ExpectedSweep>,
}

#[derive(Deserialize)]
pub struct ExpectedBatch {
    pub clean: Vec<Vec<u32>>,
    pub corrupted: Vec<Vec<u32>>,
    pub lengths: Vec<usize>,
    pub answers: Vec<u32>,
    pub distractors: Vec<u32>,
}

impl ExpectedBatch {
    pub fn pairs(&self) -> Vec<PromptPair> {
        (0..self.clean.len())
            .map(|i| PromptPair {
                clean: self.clean[i][..self.lengths[i]].to_vec(),
                corrupted: self.corrupted[i][..self.lengths[i]].to_vec(),
                answers: vec![self.answers[i]],
                distractors: vec![self.distractors[i]],
            })
            .collect()
    }
}

#[derive(Deserialize)]
pub struct ExpectedSweep {
    pub component: String,
    pub metric: String,
    pub clean_metric: f32,
    pub corrupted_metric: f32,
    /// `[n_layers, n_heads, n_layers, n_heads]`, 0 where there is no path.
    pub values: Vec<f32>,
}

/// The repository, from the directory of the package that is tested.
fn repository() -> PathBuf {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let found = above.find(|directory| directory.join("Cargo.lock").exists());
    found.expect("a workspace with a lock file").into()
}

pub fn fixtures() -> PathBuf {
    repository().join("tests/fixtures")
}

pub fn demo() -> PathBuf {
    repository().join("www/models/ioi-demo")
}

pub fn read(path: PathBuf) -> Vec<u8> {
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub fn expected(path: PathBuf) -> Expected {
    serde_json::from_slice(&read(path)).unwrap()
}
