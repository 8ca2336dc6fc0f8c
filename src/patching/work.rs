//! How chunks of variants go through all prompts.
//!
//! Where memory does not hold the runs of all prompts, they are run some at a time, and a variant's value is there once it
//! has been run on all of them. Several chunks go through all prompts together, so that running the prompts again takes no
//! more than a tenth of the work.

use std::collections::VecDeque;

use super::{
    cost::Cost,
    job::{Executor, Variant},
    patch::Patch,
    plan::{Part, Plan},
    progress::{Meter, Progress},
    scale::{Scale, Sums},
    schedule::Chunk,
};
use crate::{error::Result, pause::Pause};

/// The share of a sweep's work that may go into running prompts again, where memory does not hold the runs of all.
const RUNS_SHARE: f64 = 0.1;

/// What all chunks of a sweep share.
#[derive(Clone, Copy)]
pub(super) struct Work<'w> {
    pub pause: &'w dyn Pause,
    pub plan: &'w Plan,
    pub patch: Patch,
    pub cost: &'w Cost<'w>,
    pub scale: &'w Scale,
}

impl<'w> Work<'w> {
    /// Floating-point operations of some chunks.
    pub fn flops(&self, chunks: &[Chunk]) -> f64 {
        let of_chunk = |c: &Chunk| c.variants.len() as f64 * self.cost.of_variant(c.enter);
        chunks.iter().map(of_chunk).sum()
    }

    /// Chunks that follow each other and go through the prompts together: one by one where the runs are kept.
    pub fn groups<'c>(
        &self,
        chunks: &'c [Chunk],
    ) -> impl Iterator<Item = &'c [Chunk]> + use<'w, 'c> {
        let work = *self;
        let least = match work.plan.keeps_runs {
            true => 0.0,
            false => RUNS_SHARE.recip() * work.cost.of_runs(),
        };
        let mut rest = chunks;
        std::iter::from_fn(move || {
            let mut sum = 0.0;
            let more = rest.iter().take_while(|chunk| {
                let is_short = sum == 0.0 || sum < least;
                sum += work.flops(std::slice::from_ref(chunk));
                is_short
            });
            let (group, left) = rest.split_at(more.count());
            rest = left;
            (!group.is_empty()).then_some(group)
        })
    }

    /// The jobs of some groups of chunks, in their order.
    fn jobs<'c>(
        &self,
        groups: impl Iterator<Item = &'c [Chunk]>,
    ) -> impl Iterator<Item = (&'c Chunk, &'w Part)> {
        let parts = &self.plan.parts;
        groups.flat_map(move |group| {
            let on_part = |part| group.iter().map(move |chunk| (chunk, part));
            parts.iter().flat_map(on_part)
        })
    }

    /// Some chunks on all prompts: what is kept of each variant. The jobs of those in `rest` may be begun. Where there are several parts, `on_job` hears of each
    /// job.
    ///
    /// # Errors
    /// Those of the executor, of a pause and of `on_job`.
    pub async fn run(
        &self,
        executor: &mut impl Executor,
        group: &[Chunk],
        rest: &[Chunk],
        meter: &mut Meter,
        on_job: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<Vec<(Variant, Sums)>> {
        let variants = group.iter().flat_map(|chunk| &chunk.variants);
        let mut sums: Vec<_> = variants.map(|v| (*v, Sums::default())).collect();
        let mut first = 0;
        let groups = std::iter::once(group).chain(self.groups(rest));
        let mut coming = self
            .jobs(groups)
            .map(|(chunk, part)| chunk.on(part, self.patch));
        let mut following = VecDeque::new();
        for part in &self.plan.parts {
            self.pause.pause().await?;
            let mut rest = &mut sums[..];
            for chunk in group {
                let missing = (1 + executor.ahead()).saturating_sub(following.len());
                following.extend(coming.by_ref().take(missing));
                let Some(job) = following.pop_front() else {
                    break;
                };
                let done = executor.run(&job, following.make_contiguous()).await?;
                let (of_chunk, left) = rest.split_at_mut(chunk.variants.len());
                rest = left;
                for ((_, sums), numbers) in of_chunk.iter_mut().zip(&done.values) {
                    self.scale.add(sums, numbers, first);
                }
                let variants = chunk.variants.len() as f64;
                meter.work(variants * self.cost.of_variant_in(chunk.enter, part));
                if self.plan.parts.len() > 1 {
                    on_job(meter.progress())?;
                }
            }
            first += part.batch();
        }
        Ok(sums)
    }
}
