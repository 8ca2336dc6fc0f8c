//! What is known of every edge.

use super::{
    Both, Grid,
    graph::{Component, Edge, Graph, Head, Receiver, Sender},
    patch::Direction,
};

/// What is known of one edge. Values are the metric of the base run with the edge patched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// The receiver reads before the sender writes.
    NoPath,
    /// Nothing yet, or not asked for.
    Pending,
    /// A value from a gradient.
    Estimate(f32),
    /// The value of the patched run.
    Exact {
        /// The metric.
        value: f32,
        /// Standard deviation over the pairs of the change from the base run; `None` for one pair.
        std_dev: Option<f32>,
    },
}

impl Cell {
    /// The value, if there is one.
    pub fn value(self) -> Option<f32> {
        match self {
            Self::NoPath | Self::Pending => None,
            Self::Estimate(value) | Self::Exact { value, .. } => Some(value),
        }
    }
}

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

    /// The metric of the base run: the value of an edge without effect.
    pub fn base(&self) -> f32 {
        match self.direction {
            Direction::Denoise => self.metric.corrupted,
            Direction::Noise => self.metric.clean,
        }
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
        let heads =
            || (0..n_layers).flat_map(|layer| (0..n_heads).map(move |head| Head { layer, head }));
        let mut grid = Grid {
            shape: vec![n_layers, n_heads, n_layers, n_heads],
            values: Vec::new(),
            mask: Vec::new(),
            exact: Vec::new(),
            spread: Vec::new(),
            clean_metric: self.metric.clean,
            corrupted_metric: self.metric.corrupted,
        };
        for src in heads() {
            for dst in heads() {
                let cell = self.cell(Edge {
                    from: Sender::Head(src),
                    to: Receiver::Head(dst, component),
                });
                let (exact, std_dev) = match cell {
                    Cell::Exact { std_dev, .. } => (1, std_dev),
                    _ => (0, None),
                };
                grid.values.push(cell.value().unwrap_or(f32::NAN));
                grid.mask.push(u8::from(cell != Cell::NoPath));
                grid.exact.push(exact);
                grid.spread.push(std_dev.unwrap_or(f32::NAN));
            }
        }
        grid
    }
}
