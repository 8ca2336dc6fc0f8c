//! The graph as EAP-IG's `Graph.to_json` writes it, and beside it what was computed and on what.
//!
//! ```text
//! cfg        n_layers, n_heads, parallel_attn_mlp, d_model
//! nodes      name -> in_graph
//! edges      name -> score, in_graph
//! pathpatch  everything that the numbers depend on; EAP-IG's reader passes it over
//! ```

use std::collections::HashMap;

use pathpatch::{
    gpt2::Config,
    metric::MetricKind,
    patching::{
        ByPosition, Check, Direction, EdgeResult, LayerNorm, Replacement, Scores,
        graph::{Graph, Sender},
    },
    session::{Answer, EdgesRequest, PairRequest, Prompt},
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::scored::{Node, Scored};
use crate::model::Model;

/// What was computed, and when.
pub struct About<'a> {
    pub model: &'a Model,
    pub config: &'a Config,
    pub request: &'a EdgesRequest,
    /// How many edges are the circuit; all of them where `None`.
    pub strongest: Option<usize>,
    /// `YYYY-MM-DD`.
    pub date: String,
}

/// The JSON of a graph.
#[derive(Serialize)]
pub struct GraphReport<'a> {
    cfg: Cfg,
    nodes: Nodes<'a>,
    edges: Edges<'a>,
    pathpatch: Block<'a>,
}

/// What EAP-IG builds a graph of.
#[derive(Serialize)]
struct Cfg {
    n_layers: usize,
    n_heads: usize,
    parallel_attn_mlp: bool,
    d_model: usize,
}

impl<'a> GraphReport<'a> {
    /// Describe a result, of which the file has these edges.
    pub fn new(result: &'a EdgeResult, edges: &'a [Scored], about: &'a About<'a>) -> Self {
        let graph = result.table.graph;
        Self {
            cfg: Cfg {
                n_layers: graph.n_layers,
                n_heads: graph.n_heads,
                parallel_attn_mlp: false,
                d_model: about.config.d_model,
            },
            nodes: Nodes { graph, edges },
            edges: Edges(edges),
            pathpatch: about.block(result, edges),
        }
    }
}

struct Nodes<'a> {
    graph: Graph,
    edges: &'a [Scored],
}

impl Serialize for Nodes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // As in EAP-IG, input and logits are in every graph.
        let is_end = |node| node == Node::Logits || node == Node::Writes(Sender::Input);
        let touched = Node::touched(self.edges);
        let nodes = Node::all(self.graph).map(|node| {
            let in_graph = is_end(node) || touched.contains(&node);
            (node.to_string(), json!({ "in_graph": in_graph }))
        });
        serializer.collect_map(nodes)
    }
}

struct Edges<'a>(&'a [Scored]);

impl Serialize for Edges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let edges = self.0.iter().map(|scored| {
            let Scored {
                edge,
                score,
                in_graph,
            } = scored;
            (edge.to_string(), InFile { score, in_graph })
        });
        serializer.collect_map(edges)
    }
}

#[derive(Serialize)]
struct InFile<'a> {
    score: &'a f32,
    in_graph: &'a bool,
}

/// What the scores are.
#[derive(Serialize)]
struct Block<'a> {
    version: &'static str,
    date: &'a str,
    model: &'a str,
    revision: Option<&'a str>,
    definition: String,
    sign: String,
    direction: &'static str,
    patch: &'static str,
    layer_norm: &'static str,
    metric: &'static str,
    scores: &'static str,
    steps: Option<usize>,
    clean_metric: f32,
    corrupted_metric: f32,
    prompts: Vec<Value>,
    position: Option<i64>,
    prepend_bos: bool,
    strongest: Option<usize>,
    check: Option<Checked>,
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<Positions<'a>>,
}

impl About<'_> {
    /// One line for the head of a drawing.
    pub fn title(&self) -> String {
        let patch = self.request.options.patch;
        format!(
            "Edges of {}: {} scores of {} ({}, {}, {} LayerNorm)",
            self.model.name,
            self.request.options.scores.as_str(),
            self.request.on.metric.as_str(),
            patch.direction.as_str(),
            patch.replacement.as_str(),
            patch.layer_norm.as_str(),
        )
    }

    fn block<'a>(&'a self, result: &'a EdgeResult, edges: &'a [Scored]) -> Block<'a> {
        let (on, options) = (&self.request.on, &self.request.options);
        let (table, patch) = (&result.table, options.patch);
        Block {
            version: env!("CARGO_PKG_VERSION"),
            date: &self.date,
            model: &self.model.name,
            revision: self.model.revision.as_deref(),
            definition: self.definition(),
            sign: sign(patch.direction, on.metric),
            direction: patch.direction.as_str(),
            patch: patch.replacement.as_str(),
            layer_norm: patch.layer_norm.as_str(),
            metric: on.metric.as_str(),
            scores: options.scores.as_str(),
            steps: match options.scores {
                Scores::EapIg { steps } => Some(steps),
                Scores::Exact | Scores::Estimate | Scores::Eap => None,
            },
            clean_metric: table.metric.clean,
            corrupted_metric: table.metric.corrupted,
            prompts: on.pairs.iter().map(prompts).collect(),
            position: on.position,
            prepend_bos: on.prepend_bos,
            strongest: self.strongest,
            check: result.check.as_ref().map(Checked::of),
            positions: result.by_position.as_ref().map(|by_position| Positions {
                graph: table.graph,
                direction: patch.direction,
                by_position,
                edges,
            }),
        }
    }

    /// What a score is, in words.
    fn definition(&self) -> String {
        let patch = self.request.options.patch;
        let (base, other) = match patch.direction {
            Direction::Denoise => ("corrupted", "clean"),
            Direction::Noise => ("clean", "corrupted"),
        };
        let into = match patch.replacement {
            Replacement::Resample => format!("what it writes on the {other} prompt of the pair"),
            Replacement::Mean => {
                format!("the mean at each position of what it writes on the {other} prompts")
            }
            Replacement::Zero => "zero".to_string(),
        };
        let layer_norm = match patch.layer_norm {
            LayerNorm::Exact => "its LayerNorm normalises the changed input anew",
            LayerNorm::Frozen => "its LayerNorm keeps the scale that it has in the base run",
        };
        let edge = format!(
            "The base is the {base} run. In it one receiver reads, for what one sender writes, {into}, at all \
             positions; {layer_norm}. Everything after the receiver is run again. A head's write includes its value \
             bias, an MLP's its output bias; position embeddings and b_O belong to no sender."
        );
        let from = match patch.replacement {
            Replacement::Resample => format!("those of the {other} prompt"),
            Replacement::Mean => format!("the mean of those of the {other} prompts"),
            Replacement::Zero => "zero".to_string(),
        };
        let how = match self.request.options.scores {
            Scores::Exact => return edge,
            Scores::Estimate => "the receiver's LayerNorm, as above, and attention are followed exactly, the rest by \
                                 the gradient of the metric in the base run"
                .to_string(),
            Scores::Eap => "EAP, the change of the receiver's input times the gradient of the metric there in the \
                            base run"
                .to_string(),
            Scores::EapIg { steps } => format!(
                "EAP-IG, the change of the receiver's input times the gradient of the metric there, averaged over \
                 {steps} runs of the {base} prompt whose token embeddings are part of the way from {from} to its own"
            ),
        };
        format!("{edge} The scores are estimates of this: {how}.")
    }
}

/// How a score follows from the metric.
fn sign(direction: Direction, metric: MetricKind) -> String {
    let score = match direction {
        Direction::Denoise => "metric with the edge patched less the metric of the corrupted run",
        Direction::Noise => "metric of the clean run less the metric with the edge patched",
    };
    let helps = match metric {
        MetricKind::Kl => "negative where the edge helps, since a divergence falls there",
        _ => "positive where the edge helps",
    };
    format!("{score}: {helps}")
}

/// A pair as a file of pairs has it, so that the list can be run again.
fn prompts(pair: &PairRequest) -> Value {
    let prompt = |prompt: &Prompt| match prompt {
        Prompt::Text(text) => json!(text),
        Prompt::Ids(ids) => json!(ids),
    };
    let one = |answer: &Answer| match answer {
        Answer::Text(text) => json!(text),
        Answer::Id(id) => json!(id),
    };
    let answers = |answers: &[Answer]| match answers {
        [] => Value::Null,
        [answer] => one(answer),
        several => several.iter().map(one).collect(),
    };
    json!({
        "clean": prompt(&pair.clean), "corrupted": prompt(&pair.corrupted),
        "answer": answers(&pair.answers), "distractor": answers(&pair.distractors),
    })
}

/// How far the edges that were not run may be from their estimates.
#[derive(Serialize)]
struct Checked {
    edges: usize,
    largest_error: f32,
    bound: f32,
    meaning: &'static str,
}

impl Checked {
    fn of(check: &Check) -> Self {
        Self {
            edges: check.edges,
            largest_error: check.largest_error,
            bound: check.bound,
            meaning: "estimates of so many edges, chosen at random among those that are not of the strongest, differ \
                      from their exact values by at most largest_error; with 95% confidence at most the share `bound` \
                      of those that were not run differs by more",
        }
    }
}

/// What patching each position by itself does.
struct Positions<'a> {
    graph: Graph,
    direction: Direction,
    by_position: &'a ByPosition,
    edges: &'a [Scored],
}

/// An edge's scores by position; NaN is null.
#[derive(Serialize)]
struct AtPositions {
    kind: &'static str,
    scores: Vec<f32>,
    /// The edge's own score, of the same kind, less their sum.
    rest: f32,
}

impl Serialize for Positions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (graph, by_position) = (self.graph, self.by_position);
        let score = |effect: f32| match self.direction {
            Direction::Denoise => effect,
            // Not -effect, which makes a -0 of 0.
            Direction::Noise => 0.0 - effect,
        };
        let rows = by_position.estimates.chunks_exact(by_position.pos);
        let rows = by_position.whole.iter().zip(rows);
        let estimates: HashMap<usize, (f32, &[f32])> = by_position
            .places
            .iter()
            .zip(rows)
            .map(|(place, (whole, effects))| (*place, (score(*whole), effects)))
            .collect();
        let exact = by_position.exact.iter();
        let exact: HashMap<usize, &[f32]> = exact
            .map(|(place, effects)| (*place, &effects[..]))
            .collect();
        let of_edge = |scored: &Scored| {
            let place = graph.place(scored.edge);
            let (kind, whole, effects) = match (exact.get(&place), estimates.get(&place)) {
                (Some(effects), _) => ("exact", scored.score, *effects),
                (None, Some((whole, effects))) => ("estimate", *whole, *effects),
                (None, None) => return None,
            };
            let scores: Vec<f32> = effects.iter().map(|effect| score(*effect)).collect();
            let rest = whole - scores.iter().sum::<f32>();
            let at = AtPositions { kind, scores, rest };
            Some((scored.edge.to_string(), at))
        };
        serializer.collect_map(self.edges.iter().filter_map(of_edge))
    }
}
