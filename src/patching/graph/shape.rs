//! All nodes and edges of a model, and the places that EAP-IG's files and matrices give them.
//!
//! ```text
//! sender rows       input 0    a{l}.h{h} 1 + (H+1) l + h    m{l} 1 + (H+1) l + H
//! receiver columns  a{l}.h{h}<c> (3H+1) l + H c + h (c = 0, 1, 2 for q, k, v)    m{l} (3H+1) l + 3H    logits (3H+1) L
//! ```

use super::{
    edge::Edge,
    node::{Component, Head, Receiver, Sender},
};
use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
};

/// The graph of a model: its senders, its receivers and the edges between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Graph {
    /// Layers of the model.
    pub n_layers: usize,
    /// Heads of each layer.
    pub n_heads: usize,
}

impl Graph {
    /// The graph of a model of this shape.
    pub fn of(config: &Config) -> Self {
        Self {
            n_layers: config.n_layers,
            n_heads: config.n_heads,
        }
    }

    /// How many nodes write: 157 in GPT-2 small.
    pub fn n_senders(self) -> usize {
        1 + self.n_layers * (self.n_heads + 1)
    }

    /// How many inputs of nodes are read: 445 in GPT-2 small.
    pub fn n_receivers(self) -> usize {
        1 + self.n_layers * (3 * self.n_heads + 1)
    }

    /// All heads, layer by layer.
    pub fn heads(self) -> Vec<Head> {
        let of_layer = |layer| (0..self.n_heads).map(move |head| Head { layer, head });
        (0..self.n_layers).flat_map(of_layer).collect()
    }

    /// All senders, in the order of their rows.
    pub fn senders(self) -> impl Iterator<Item = Sender> {
        let of_layer = move |layer| {
            let heads = (0..self.n_heads).map(move |head| Sender::Head(Head { layer, head }));
            heads.chain([Sender::Mlp(layer)])
        };
        [Sender::Input]
            .into_iter()
            .chain((0..self.n_layers).flat_map(of_layer))
    }

    /// All receivers, in the order of their columns.
    pub fn receivers(self) -> impl Iterator<Item = Receiver> {
        let of_layer = move |layer| {
            let heads =
                move |c| (0..self.n_heads).map(move |head| Receiver::Head(Head { layer, head }, c));
            Component::ALL
                .into_iter()
                .flat_map(heads)
                .chain([Receiver::Mlp(layer)])
        };
        (0..self.n_layers)
            .flat_map(of_layer)
            .chain([Receiver::Logits])
    }

    /// The row of a sender.
    pub fn row(self, sender: Sender) -> usize {
        let layer = |layer| 1 + (self.n_heads + 1) * layer;
        match sender {
            Sender::Input => 0,
            Sender::Head(head) => layer(head.layer) + head.head,
            Sender::Mlp(l) => layer(l) + self.n_heads,
        }
    }

    /// The column of a receiver.
    pub fn column(self, receiver: Receiver) -> usize {
        let layer = |layer| (3 * self.n_heads + 1) * layer;
        match receiver {
            Receiver::Head(head, c) => layer(head.layer) + self.n_heads * c as usize + head.head,
            Receiver::Mlp(l) => layer(l) + 3 * self.n_heads,
            Receiver::Logits => layer(self.n_layers),
        }
    }

    /// The place of an edge in a matrix `[sender, receiver]`, row-major.
    pub fn place(self, edge: Edge) -> usize {
        self.row(edge.from) * self.n_receivers() + self.column(edge.to)
    }

    /// Every edge, in the order of [`Graph::place`].
    pub fn edges(self) -> impl Iterator<Item = Edge> {
        let of_sender = move |from| self.receivers().map(move |to| Edge { from, to });
        let all = self.senders().flat_map(of_sender);
        all.filter(move |edge| edge.exists(self.n_layers))
    }

    /// Check that the model has both nodes of an edge and that its sender writes before its receiver reads.
    ///
    /// # Errors
    /// [`Code::Source`].
    pub fn check(self, edge: Edge) -> Result<()> {
        let Self { n_layers, n_heads } = self;
        let nodes = || format!("nodes of {n_layers} layers with {n_heads} heads each");
        let has_head = |head: Head| head.layer < n_layers && head.head < n_heads;
        let has_sender = match edge.from {
            Sender::Input => true,
            Sender::Head(head) => has_head(head),
            Sender::Mlp(layer) => layer < n_layers,
        };
        let has_receiver = match edge.to {
            Receiver::Logits => true,
            Receiver::Head(head, _) => has_head(head),
            Receiver::Mlp(layer) => layer < n_layers,
        };
        if !has_sender {
            return Err(Error::new(Code::Source, "sender", nodes(), edge.from));
        }
        if !has_receiver {
            return Err(Error::new(Code::Source, "receiver", nodes(), edge.to));
        }
        if !edge.exists(n_layers) {
            let expected = format!("a receiver that reads after {} has written", edge.from);
            return Err(Error::new(Code::Source, "edge", expected, edge));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpt2s_have_the_edges_that_eap_ig_counts() {
        for (n_layers, n_heads, edges) in [
            (12, 12, 32_491),
            (6, 12, 7_588),
            (24, 16, 231_877),
            (2, 2, 46),
        ] {
            let graph = Graph { n_layers, n_heads };
            assert_eq!(graph.edges().count(), edges);
        }
    }

    #[test]
    fn places_are_rows_and_columns_and_names_are_read_back() {
        let graph = Graph {
            n_layers: 12,
            n_heads: 12,
        };
        assert_eq!((graph.n_senders(), graph.n_receivers()), (157, 445));
        for (row, sender) in graph.senders().enumerate() {
            assert_eq!(graph.row(sender), row);
            assert_eq!(sender.to_string().parse::<Sender>().unwrap(), sender);
        }
        for (column, receiver) in graph.receivers().enumerate() {
            assert_eq!(graph.column(receiver), column);
            assert_eq!(receiver.to_string().parse::<Receiver>().unwrap(), receiver);
        }
        let places: Vec<usize> = graph.edges().map(|edge| graph.place(edge)).collect();
        assert!(places.is_sorted());
    }

    #[test]
    fn heads_reach_the_mlp_of_their_layer_and_no_head_of_it() {
        let graph = Graph {
            n_layers: 2,
            n_heads: 2,
        };
        let check = |edge: &str| graph.check(edge.parse().unwrap());
        for edge in [
            "input->a0.h0<q>",
            "a0.h1->m0",
            "m0->a1.h0<v>",
            "a1.h0->m1",
            "m1->logits",
        ] {
            assert!(check(edge).is_ok(), "{edge}");
        }
        for edge in [
            "a0.h0->a0.h1<k>",
            "m0->m0",
            "m1->a1.h0<q>",
            "a2.h0->logits",
            "a0.h0->a1.h2<q>",
        ] {
            assert_eq!(check(edge).unwrap_err().code, Code::Source, "{edge}");
        }
        for edge in [
            "a00.h1->logits",
            "a0.h1<q>->logits",
            "m0->a1.h0",
            "embed->m0",
            "m0 -> logits",
            "m+1->logits",
        ] {
            assert!(edge.parse::<Edge>().is_err(), "{edge}");
        }
    }
}
