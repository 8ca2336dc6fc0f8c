//! Jobs done here, on the device that holds the model.

use super::{
    entries::Entries,
    forward::Forward,
    job::{Done, Executor, Job, Variant, by_head},
    pipeline::Pipeline,
    plan::Plan,
    readout::{Reading, Readout},
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
    /// A job that was begun before it was asked for.
    ahead: Option<(Job, Reading)>,
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
            ahead: None,
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

impl<'r, 'm: 'r> Local<'r, '_, 'm> {
    /// Give the device all of a job to do.
    async fn begin(&mut self, job: &Job) -> Result<Reading> {
        let part = self.runs.part_of(self.plan, job)?;
        let entries = self.entries;
        let readout = self.readout(part).await?;
        let forward = Forward::new(readout, job.patch.layer_norm, entries);
        let order = by_head(&job.variants).into_iter();
        let variants: Vec<Variant> = order.map(|i| job.variants[i]).collect();
        let normalised = forward.run(job.enter, &variants).await?;
        readout.of_variants(normalised, variants.len()).await
    }

    /// Whether a job reads the runs that are there.
    fn is_at_hand(&self, job: &Job) -> bool {
        let current = self.current.as_ref().map(|(part, _)| *part);
        self.runs.part_of(self.plan, job).ok() == current
    }
}

impl<'r, 'm: 'r> Executor for Local<'r, '_, 'm> {
    /// A GPU would be idle while the values of a job are on their way, workers where too few are.
    fn ahead(&self) -> usize {
        match &self.pipeline {
            Some(pipeline) => pipeline.ahead(),
            None if on_cpu(&self.runs.model.device()) => 0,
            None => 1,
        }
    }

    async fn run(&mut self, job: &Job, following: &[Job]) -> Result<Done> {
        if let Some(pipeline) = &mut self.pipeline {
            return pipeline.run(job, following).await;
        }
        let reading = match self.ahead.take().filter(|(ahead, _)| ahead == job) {
            Some((_, reading)) => reading,
            None => self.begin(job).await?,
        };
        if let Some(next) = following.first().filter(|next| self.is_at_hand(next)) {
            match self.begin(next).await {
                Ok(begun) => self.ahead = Some((next.clone(), begun)),
                Err(error) => {
                    reading.settle().await;
                    return Err(error);
                }
            }
        }
        let numbers = reading.values().await?;
        let prompts = numbers.len() / job.variants.len();
        let mut values = vec![Vec::new(); job.variants.len()];
        for (i, of_variant) in by_head(&job.variants)
            .into_iter()
            .zip(numbers.chunks(prompts))
        {
            values[i] = of_variant.to_vec();
        }
        Ok(Done { values })
    }

    async fn settle(&mut self) {
        if let Some((_, reading)) = self.ahead.take() {
            reading.settle().await;
        }
    }
}
