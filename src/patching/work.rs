//! How chunks of variants go through all prompts.
//!
//! Where memory does not hold the runs of all prompts, they are run some at a time, and a variant's value is there once it
//! has been run on all of them. Several chunks go through all prompts together, so that running the prompts again takes no
//! more than a tenth of the work.

use super::{
    cost::Cost,
    job::{Executor, Variant},
    patch::Patch,
    plan::Plan,
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

    /// Some chunks on all prompts: what is kept of each variant. Where there are several parts, `on_job` hears of each
    /// job. `following` is the chunk that comes after these.
    ///
    /// # Errors
    /// Those of the executor, of a pause and of `on_job`.
    pub async fn run(
        &self,
        executor: &mut impl Executor,
        group: &[Chunk],
        following: Option<&Chunk>,
        meter: &mut Meter,
        on_job: &mut dyn FnMut(Progress) -> Result<()>,
    ) -> Result<Vec<(Variant, Sums)>> {
        let variants = group.iter().flat_map(|chunk| &chunk.variants);
        let mut sums: Vec<_> = variants.map(|v| (*v, Sums::default())).collect();
        for part in &self.plan.parts {
            self.pause.pause().await?;
            let mut rest = &mut sums[..];
            for (i, chunk) in group.iter().enumerate() {
                // Where there are several parts, the next job is on another one.
                let following = following.filter(|_| self.plan.parts.len() == 1);
                let next = group.get(i + 1).or(following);
                let next = next.map(|chunk| chunk.on(part, self.patch));
                let job = chunk.on(part, self.patch);
                let done = executor.run(&job, next.as_ref()).await?;
                let (of_chunk, left) = rest.split_at_mut(chunk.variants.len());
                rest = left;
                for ((_, sums), numbers) in of_chunk.iter_mut().zip(&done.values) {
                    self.scale.add(sums, numbers, part.prompts.start);
                }
                let variants = chunk.variants.len() as f64;
                meter.work(variants * self.cost.of_variant_in(chunk.enter, part));
                if self.plan.parts.len() > 1 {
                    on_job(meter.progress())?;
                }
            }
        }
        Ok(sums)
    }
}
