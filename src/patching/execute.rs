//! Jobs done here, on the device that holds the model.

use super::{
    forward::Forward,
    job::{Done, Executor, Job},
    plan::Plan,
    readout::{Reading, Readout},
    runs::Runs,
};
use crate::{
    error::{Code, Error, Result},
    metric::Metric,
    ops::on_cpu,
};

/// Does jobs on the runs of a batch.
pub(super) struct Local<'r, 'a, 'm> {
    runs: &'r Runs<'a>,
    plan: &'r Plan,
    metric: &'m dyn Metric,
    /// What the metric reads of the part that was worked on last.
    current: Option<(usize, Readout<'a, 'm>)>,
    /// A job that was begun before it was asked for.
    ahead: Option<(Job, Reading)>,
}

impl<'r, 'a, 'm> Local<'r, 'a, 'm> {
    pub fn new(runs: &'r Runs<'a>, plan: &'r Plan, metric: &'m dyn Metric) -> Self {
        Self {
            runs,
            plan,
            metric,
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

impl Local<'_, '_, '_> {
    /// The part that a job is about.
    fn part_of(&self, job: &Job) -> Result<usize> {
        let mut parts = self.plan.parts.iter();
        let part = parts.position(|part| part.prompts == job.prompts && part.window == job.window);
        let is_of_runs = job.patch.direction == self.runs.direction()
            && job.patch.replacement == self.runs.replacement();
        let Some(part) = part.filter(|_| is_of_runs) else {
            let (expected, got) = ("prompts, positions and a patch of the plan", "others");
            return Err(Error::new(Code::Option, "job", expected, got));
        };
        Ok(part)
    }

    /// Give the device all of a job to do.
    async fn begin(&mut self, job: &Job) -> Result<Reading> {
        let part = self.part_of(job)?;
        let readout = self.readout(part).await?;
        let forward = Forward::new(readout, job.patch.layer_norm);
        let normalised = forward.run(job.enter, &job.variants).await?;
        readout.of_variants(normalised, job.variants.len()).await
    }

    /// Whether a job is worth beginning before another one's values have come: on a GPU, which would be idle meanwhile, and
    /// where both read the same runs.
    fn is_begun_ahead(&self, job: &Job) -> bool {
        let has_queue = !on_cpu(&self.runs.model.device());
        let current = self.current.as_ref().map(|(part, _)| *part);
        has_queue && self.part_of(job).ok() == current
    }
}

impl Executor for Local<'_, '_, '_> {
    async fn run(&mut self, job: &Job, next: Option<&Job>) -> Result<Done> {
        let reading = match self.ahead.take().filter(|(ahead, _)| ahead == job) {
            Some((_, reading)) => reading,
            None => self.begin(job).await?,
        };
        if let Some(next) = next.filter(|next| self.is_begun_ahead(next)) {
            self.ahead = Some((next.clone(), self.begin(next).await?));
        }
        let values = reading.values().await?;
        let prompts = values.len() / job.variants.len();
        let values = values.chunks(prompts).map(<[f32]>::to_vec).collect();
        Ok(Done { values })
    }
}
