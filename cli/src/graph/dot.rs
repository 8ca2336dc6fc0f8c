//! The circuit as a drawing for GraphViz: `dot -Tsvg circuit.dot`.

use std::fmt::Write;

use pathpatch::patching::graph::{Graph, Receiver, Sender};

use super::scored::{Node, Scored};

/// An edge that helps, and one that hurts: a blue and a red that the colour-blind tell apart, dark enough for thin
/// lines on white.
const HELPS: &str = "#2166ac";
const HURTS: &str = "#b2182b";
/// Widths of the weakest and of the strongest edge, in points.
const WIDTHS: [f32; 2] = [0.5, 5.0];

/// The nodes and edges of the circuit, the embedding below and the logits above. A line into a head bears the letter of
/// what it goes into; its colour is the sign of its score, its width the size.
pub fn dot(graph: Graph, edges: &[Scored], title: &str) -> String {
    let circuit = || edges.iter().filter(|scored| scored.in_graph);
    let largest = circuit().map(|s| s.score.abs()).fold(0.0, f32::max);
    let mut lines = vec![
        "digraph circuit {".to_string(),
        "  rankdir=BT;".into(),
        "  nodesep=0.25;".into(),
        format!("  label={};", quoted(title)),
        "  labelloc=t;".into(),
        "  fontname=\"Helvetica\";".into(),
        "  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=12];".into(),
        "  edge [fontname=\"Helvetica\", fontsize=9, arrowsize=0.5];".into(),
    ];
    // Nodes that write at the same stage stand side by side.
    let touched = Node::touched(edges);
    let nodes: Vec<Node> = Node::all(graph).filter(|n| touched.contains(n)).collect();
    let rank = |node: &Node| match node {
        Node::Writes(sender) => Some(sender.writes()),
        Node::Logits => None,
    };
    for rank in nodes.chunk_by(|a, b| rank(a) == rank(b)) {
        let nodes: Vec<String> = rank.iter().map(described).collect();
        lines.push(format!("  {{ rank=same; {} }}", nodes.join(" ")));
    }
    for Scored { edge, score, .. } in circuit() {
        let share = match largest > 0.0 {
            true => score.abs() / largest,
            false => 0.0,
        };
        let width = WIDTHS[0] + (WIDTHS[1] - WIDTHS[0]) * share;
        let color = if *score < 0.0 { HURTS } else { HELPS };
        let (from, to) = (edge.from, Node::of(edge.to));
        let mut line = format!(
            "  {} -> {}",
            quoted(&from.to_string()),
            quoted(&to.to_string())
        );
        // Writing to a string cannot fail.
        let _ = write!(line, " [color=\"{color}\", penwidth={width:.2}");
        if let Receiver::Head(_, component) = edge.to {
            let _ = write!(line, ", label=\"{}\"", component.as_str());
        }
        let _ = write!(line, ", tooltip={}];", quoted(&format!("{edge} {score}")));
        lines.push(line);
    }
    lines.push("}\n".into());
    lines.join("\n")
}

/// A node with its looks: heads are rounded boxes, MLPs plain ones.
fn described(node: &Node) -> String {
    let name = quoted(&node.to_string());
    match node {
        Node::Writes(Sender::Mlp(_)) => format!("{name} [style=\"\"];"),
        Node::Writes(Sender::Head(_)) => format!("{name};"),
        Node::Writes(Sender::Input) | Node::Logits => format!("{name} [shape=ellipse];"),
    }
}

/// A text as GraphViz reads one: in quotes, with those within it and backslashes escaped.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
