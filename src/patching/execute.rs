//! Jobs done here, on the device that holds the model.

use super::{
    entries::Entries,
    forward::Forward,
    graph::Receiver,
    job::{Done, Executor, Job, Variant},
    plan::Plan,
    readout::Readout,
    runs::Runs,
};
use crate::{
    error::{Code, Error, Result},
    metric::Metric,
};

/// Does jobs on the runs of a batch.
pub(super) struct Local<'r, 'a, 'm> {
    runs: &'r Runs<'a>,
    plan: &'r Plan,
    metric: &'m dyn Metric,
    entries: &'r Entries,
    /// What the metric reads of the part that was worked on last.
    current: Option<(usize, Readout<'a, 'm>)>,
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
        let is_of_runs = job.patch.direction == self.runs.direction()
            && job.patch.replacement == self.runs.replacement();
        let Some(part) = part.filter(|_| is_of_runs) else {
            let (expected, got) = ("prompts, positions and a patch of the plan", "others");
            return Err(Error::new(Code::Option, "job", expected, got));
        };
        let order = by_head(&job.variants);
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

/// The variants in the order of their receivers' heads, so that what is multiplied by the same weights is one product.
fn by_head(variants: &[Variant]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants.len()).collect();
    order.sort_by_key(|i| match variants[*i].edge.to {
        Receiver::Head(head, _) => Some(head.head),
        Receiver::Mlp(_) | Receiver::Logits => None,
    });
    order
}
