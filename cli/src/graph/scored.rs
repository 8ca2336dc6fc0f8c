//! The edges that go into a file, with their scores.

use std::collections::HashSet;

use pathpatch::patching::{
    Cell, EdgeTable, Scores,
    graph::{Edge, Graph, Receiver, Sender},
};

/// An edge with a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    pub edge: Edge,
    /// Positive where the edge helps.
    pub score: f32,
    /// Whether it is among the edges that the file calls its circuit.
    pub in_graph: bool,
}

/// The edges that have a score of the kind that was asked for, in the order of EAP-IG's files. In the circuit are the
/// `strongest` of them by size, or all of them.
///
/// Where scores are exact, edges of which there is only an estimate are left out: a score says nothing of its kind.
pub fn scored(table: &EdgeTable, scores: Scores, strongest: Option<usize>) -> Vec<Scored> {
    let is_asked = |edge: &Edge| match table.cell(*edge) {
        Cell::NoPath | Cell::Pending => false,
        Cell::Estimate(_) => scores != Scores::Exact,
        Cell::Exact { .. } => scores == Scores::Exact,
    };
    let edges = in_file_order(table.graph).into_iter().filter(is_asked);
    let with_score = |edge| {
        let score = table.score(edge)?;
        Some(Scored {
            edge,
            score,
            in_graph: true,
        })
    };
    let mut scored: Vec<Scored> = edges.filter_map(with_score).collect();
    if let Some(strongest) = strongest {
        let mut by_size: Vec<usize> = (0..scored.len()).collect();
        by_size.sort_by(|a, b| {
            let size = |i: usize| scored[i].score.abs();
            size(*b).total_cmp(&size(*a))
        });
        for i in by_size.into_iter().skip(strongest) {
            scored[i].in_graph = false;
        }
    }
    scored
}

/// All edges in the order of EAP-IG's files: receivers by the stage at which they read; for the heads of a layer sender
/// by sender, for each of them head by head, for each head q, k and v.
pub fn in_file_order(graph: Graph) -> Vec<Edge> {
    let mut edges: Vec<Edge> = graph.edges().collect();
    edges.sort_by_key(|edge| {
        let port = match edge.to {
            Receiver::Head(head, component) => (head.head, component as usize),
            Receiver::Mlp(_) | Receiver::Logits => (0, 0),
        };
        (edge.to.reads(graph.n_layers), graph.row(edge.from), port)
    });
    edges
}

/// A node of the drawing, to which both ends of an edge belong: a head's query, key and value are one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    Writes(Sender),
    Logits,
}

impl Node {
    /// All nodes, in the order of EAP-IG's files.
    pub fn all(graph: Graph) -> impl Iterator<Item = Self> {
        graph.senders().map(Self::Writes).chain([Self::Logits])
    }

    /// The node that a receiver is part of.
    pub fn of(receiver: Receiver) -> Self {
        match receiver {
            Receiver::Head(head, _) => Self::Writes(Sender::Head(head)),
            Receiver::Mlp(layer) => Self::Writes(Sender::Mlp(layer)),
            Receiver::Logits => Self::Logits,
        }
    }

    /// Those that edges of the circuit touch.
    pub fn touched(edges: &[Scored]) -> HashSet<Self> {
        let circuit = edges.iter().filter(|scored| scored.in_graph);
        circuit
            .flat_map(|Scored { edge, .. }| [Self::Writes(edge.from), Self::of(edge.to)])
            .collect()
    }
}

impl std::fmt::Display for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Writes(sender) => sender.fmt(f),
            Self::Logits => f.write_str("logits"),
        }
    }
}
