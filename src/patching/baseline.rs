//! The metric of the two runs, from which every other value is told.

use super::{both::Both, patch::Direction, readout::Readout, scale::Scale};
#[cfg(doc)]
use crate::error::Code;
use crate::{error::Result, metric::Metric};

/// The metric of both runs, a number for each prompt: collected part by part.
pub(super) struct Baselines {
    direction: Direction,
    numbers: Both<Vec<f32>>,
}

impl Baselines {
    /// No numbers yet.
    pub fn new(direction: Direction) -> Self {
        Self {
            direction,
            numbers: Both::default(),
        }
    }

    /// The numbers of more prompts.
    ///
    /// # Errors
    /// Those of the device and of a pause.
    pub async fn add(&mut self, readout: &Readout<'_, '_>) -> Result<()> {
        let [base, other] = readout.of_both_runs().await?;
        let Both { clean, corrupted } = Both::told(self.direction, base, other);
        self.numbers.clean.extend(clean);
        self.numbers.corrupted.extend(corrupted);
        Ok(())
    }

    /// Both runs on the scale that they make, and that scale.
    ///
    /// # Errors
    /// Those of [`Scale::new`].
    pub fn scale(self, metric: &dyn Metric) -> Result<(Both<f32>, Scale)> {
        Scale::new(metric.normalized(), self.numbers, self.direction)
    }
}
