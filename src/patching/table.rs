//! What is known of every edge.

use super::{
    both::Both,
    cell::Cell,
    graph::{Component, Edge, Graph, Receiver, Sender},
    grid::Grid,
    patch::Direction,
    scale::finite,
};
use crate::error::Result;

/// The metric of every edge of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeTable {
    /// Its senders and receivers.
    pub graph: Graph,
    /// Which run is the base.
    pub direction: Direction,
    /// `[sender, receiver]`, row-major, in the order of [`Graph::place`].
    pub cells: Vec<Cell>,
    /// The metric of the two runs.
    pub metric: Both<f32>,
}

impl EdgeTable {
    /// A table without values.
    pub(super) fn empty(graph: Graph, direction: Direction, metric: Both<f32>) -> Self {
        let mut cells = vec![Cell::NoPath; graph.n_senders() * graph.n_receivers()];
        for edge in graph.edges() {
            cells[graph.place(edge)] = Cell::Pending;
        }
        Self {
            graph,
            direction,
            cells,
            metric,
        }
    }

    /// What is known of an edge, which the graph must have.
    pub fn cell(&self, edge: Edge) -> Cell {
        self.cells[self.graph.place(edge)]
    }

    /// Check that an edge has a value.
    ///
    /// # Errors
    /// [`Code::Metric`](crate::error::Code::Metric) where it has none: its estimate is not a finite number.
    pub(super) fn check(&self, edge: Edge) -> Result<()> {
        let value = self.cell(edge).value().unwrap_or(f32::NAN);
        finite(value, || format!("the estimate of edge {edge}"))?;
        Ok(())
    }

    /// The metric of the base run: the value of an edge without effect.
    pub fn base(&self) -> f32 {
        self.metric.into_base(self.direction)
    }

    /// By how much an edge helps, positive where it does: the value less the base run's metric when denoising, the
    /// base run's metric less the value when noising. `None` where there is no value.
    pub fn score(&self, edge: Edge) -> Option<f32> {
        let effect = self.cell(edge).value()? - self.base();
        Some(match self.direction {
            Direction::Denoise => effect,
            Direction::Noise => -effect,
        })
    }

    /// The edges from heads into one component of heads, as TransformerLens's `..._all_sources` returns them.
    ///
    /// # Shapes
    /// `[n_layers, n_heads, n_layers, n_heads]`: source layer and head, destination layer and head
    pub fn grid(&self, component: Component) -> Grid {
        let Graph { n_layers, n_heads } = self.graph;
        let heads = self.graph.heads();
        let mut grid = Grid::empty(
            self.graph,
            &heads,
            vec![n_layers, n_heads, n_layers, n_heads],
        );
        grid.clean_metric = self.metric.clean;
        grid.corrupted_metric = self.metric.corrupted;
        let ends = heads
            .iter()
            .flat_map(|src| heads.iter().map(move |dst| (*src, *dst)));
        for (entry, (src, dst)) in ends.enumerate() {
            let edge = Edge {
                from: Sender::Head(src),
                to: Receiver::Head(dst, component),
            };
            grid.set(entry, self.cell(edge));
        }
        grid
    }
}
