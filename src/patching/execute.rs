//! Jobs done here, on the device that holds the model.

use super::{
    entries::Entries,
    forward::Forward,
    graph::Receiver,
    job::{Done, Executor, Job, Variant},
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
    entries: &'r Entries,
    /// What the metric reads of the part that was worked on last.
    current: Option<(usize, Readout<'a, 'm>)>,
    /// A job that was begun before it was asked for.
    ahead: Option<(Job, Reading)>,
}

impl<'r, 'a, 'm> Local<'r, 'a, 'm> {
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
        self.part_of(job).ok() == current
    }
}

impl Executor for Local<'_, '_, '_> {
    /// A GPU would be idle while the values of a job are on their way. In a browser none: where a sweep is cancelled then, a
    /// buffer that is still being mapped goes back to the pool, and the next sweep uses it.
    fn ahead(&self) -> usize {
        let has_queue = !on_cpu(&self.runs.model.device());
        usize::from(has_queue && cfg!(not(target_family = "wasm")))
    }

    async fn run(&mut self, job: &Job, following: &[Job]) -> Result<Done> {
        let reading = match self.ahead.take().filter(|(ahead, _)| ahead == job) {
            Some((_, reading)) => reading,
            None => self.begin(job).await?,
        };
        if let Some(next) = following.first().filter(|next| self.is_at_hand(next)) {
            self.ahead = Some((next.clone(), self.begin(next).await?));
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
}

/// The variants in the order of their receivers' heads, so that what is multiplied by the same weights is one product.
fn by_head(variants: &[Variant]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants.len()).collect();
    order.sort_by_key(|i| match variants[*i].edge.to {
        Receiver::Head(head, _) => Some(head.head),
        Receiver::Mlp(_) | Receiver::Logits => None,
    });
    order
}
