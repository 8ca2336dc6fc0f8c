//! What is known of one edge.

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
