//! Jobs done here, on the device that holds the model.

use super::{
    entries::Entries,
    forward::Forward,
    job::{Done, Executor, Job, Variant, by_head},
    pipeline::Pipeline,
    plan::Plan,
    readout::Readout,
    runs::Runs,
};
use crate::{error::Result, metric::Metric, ops::on_cpu};

/// Does jobs on the runs of a batch.
pub(super) struct Local<'r, 'a, 'm> {
    runs: &'r Runs<'a>,
    plan: &'r Plan,
    metric: &'m dyn Metric,
    entries: &'r Entries,
    /// The way through several workers, if there are any.
    pipeline: Option<Pipeline<'r, 'a, 'm>>,
    /// What the metric reads of the part that was worked on last.
    current: Option<(usize, Readout<'a, 'm>)>,
}

impl<'r, 'a, 'm: 'r> Local<'r, 'a, 'm> {
    pub fn new(
        runs: &'r Runs<'a>,
        plan: &'r Plan,
        metric: &'m dyn Metric,
        entries: &'r Entries,
    ) -> Self {
        Self {
            runs,
            plan,
            metric,
            entries,
            pipeline: runs
                .crew
                .clone()
                .map(|crew| Pipeline::new(crew, runs, plan, metric, entries)),
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

impl<'r, 'm: 'r> Executor for Local<'r, '_, 'm> {
    fn ahead(&self) -> usize {
        self.pipeline.as_ref().map_or(0, Pipeline::ahead)
    }

    async fn run(&mut self, job: &Job, following: &[Job]) -> Result<Done> {
        if let Some(pipeline) = &mut self.pipeline {
            return pipeline.run(job, following).await;
        }
        let part = self.runs.part_of(self.plan, job)?;
        let order = match on_cpu(&self.runs.model.device()) {
            true => by_head(&job.variants),
            false => (0..job.variants.len()).collect(),
        };
        let entries = self.entries;
        let readout = self.readout(part).await?;
        let forward = Forward::new(readout, job.patch.layer_norm, entries);
        let variants: Vec<Variant> = order.iter().map(|i| job.variants[*i]).collect();
        let normalised = forward.run(job.enter, &variants).await?;
        let of_variants = readout.of_variants(normalised, variants.len()).await?;
        let mut values = vec![Vec::new(); variants.len()];
        for (i, of_variant) in order.into_iter().zip(of_variants) {
            values[i] = of_variant;
        }
        Ok(Done { values })
    }
}
