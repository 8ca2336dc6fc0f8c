//! Jobs done here, on the device that holds the model.

use super::{
    forward::Forward,
    job::{Done, Executor, Job},
    patch::LayerNorm,
    plan::Plan,
    readout::Readout,
    runs::Runs,
};
use crate::{error::Result, metric::Metric};

/// Does jobs on the runs of a batch.
pub(super) struct Local<'r, 'a, 'm> {
    runs: &'r Runs<'a>,
    plan: &'r Plan,
    metric: &'m dyn Metric,
    layer_norm: LayerNorm,
    /// What the metric reads of the part that was worked on last.
    current: Option<(usize, Readout<'a, 'm>)>,
}

impl<'r, 'a, 'm> Local<'r, 'a, 'm> {
    pub fn new(
        runs: &'r Runs<'a>,
        plan: &'r Plan,
        metric: &'m dyn Metric,
        layer_norm: LayerNorm,
    ) -> Self {
        Self {
            runs,
            plan,
            metric,
            layer_norm,
            current: None,
        }
    }

    /// What the metric reads of a part.
    async fn readout(&mut self, part: usize) -> Result<&Readout<'a, 'm>> {
        // Let go of the last part's runs before those of this one are made.
        let current = self.current.take().filter(|(current, _)| *current == part);
        let readout = match current {
            Some((_, readout)) => readout,
            None => self.runs.readout(self.plan, part, self.metric).await?,
        };
        let (_, readout) = self.current.insert((part, readout));
        Ok(readout)
    }
}

impl Executor for Local<'_, '_, '_> {
    async fn run(&mut self, job: &Job) -> Result<Done> {
        let mut parts = self.plan.parts.iter();
        let part = parts.position(|part| part.prompts == job.prompts && part.window == job.window);
        let part = part.expect("a job of the plan");
        let layer_norm = self.layer_norm;
        let readout = self.readout(part).await?;
        let forward = Forward::new(readout, layer_norm);
        let normalised = forward.run(job.enter, &job.variants).await?;
        let values = readout.of_variants(normalised, job.variants.len()).await?;
        Ok(Done { values })
    }
}
