//! EAP-IG's scores of a random model: `fixtures/eap-ig`, whose files tell their origin.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::common::{fixtures, read};

/// Scores by the names of edges.
pub type Scores = BTreeMap<String, f64>;

#[derive(Deserialize)]
pub struct Golden {
    pub pairs: Vec<GoldenPair>,
    pub clean_metric: f64,
    pub corrupted_metric: f64,
    pub noising_exact: Scores,
    pub denoising_exact: Scores,
    pub denoising_frozen: Scores,
    pub noising_frozen: Scores,
    pub zero_exact: Scores,
    pub eap: Scores,
    pub eap_ig_5: Scores,
}

#[derive(Deserialize)]
pub struct GoldenPair {
    pub clean_ids: Vec<u32>,
    pub corrupted_ids: Vec<u32>,
    pub answer_id: u32,
    pub distractor_id: u32,
}

pub fn golden(name: &str) -> Golden {
    let path = fixtures().join("eap-ig").join(name);
    serde_json::from_slice(&read(path)).unwrap()
}
