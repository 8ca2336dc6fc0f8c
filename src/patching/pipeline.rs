//! Chunks of a sweep on their way through the workers.
//!
//! Steps are done in any order, results are taken in the order of the chunks. Another worker has its next step at hand
//! before it is done with the last, since this one, which computes too, hears of that only at its next pause.

use std::{
    collections::{HashSet, VecDeque},
    future::{Future, poll_fn},
    iter,
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use burn::tensor::Tensor;

use super::{
    crew::{
        Crew, CrewEvent, Parcel,
        board::{AT_HAND, Board, Taken, ahead},
        log::now,
        parcel::{Ask, At, Begin, Step, strange},
    },
    entries::Entries,
    forward::{Between, Forward},
    graph::Stage,
    job::{Done, Job, Variant, by_head},
    patch::LayerNorm,
    plan::{Part, Plan},
    read::senders,
    readout::Readout,
    runs::Runs,
};
use crate::{
    error::{Code, Error, Result},
    metric::Metric,
};

/// The chunks of one sweep.
pub(super) struct Pipeline<'r, 'a, 'm> {
    crew: Rc<Crew>,
    runs: &'r Runs<'a>,
    plan: &'r Plan,
    metric: &'m dyn Metric,
    entries: &'r Entries,
    sweep: usize,
    board: Board,
    /// Those on the board.
    chunks: VecDeque<Chunk>,
    /// What the metric reads of the parts that are worked on.
    readouts: Vec<(usize, Rc<Readout<'a, 'm>>)>,
    /// The parts that each worker has been given; `None` for one who knows nothing of the sweep.
    given: Vec<Option<HashSet<usize>>>,
    running: Vec<Running<'r>>,
}

struct Chunk {
    job: Job,
    part: usize,
    /// The job's variants in the order in which they are computed.
    order: Vec<usize>,
    variants: Vec<Variant>,
    /// The residual stream where it has come to.
    resid: Option<Tensor<2>>,
    values: Option<Vec<Vec<f32>>>,
}

struct Running<'r> {
    taken: Taken,
    enters: bool,
    worker: usize,
    step: Pin<Box<dyn Future<Output = Result<Outcome>> + 'r>>,
}

/// A step to be done.
struct Task {
    enter: Stage,
    variants: Vec<Variant>,
    layer_norm: LayerNorm,
    layer: usize,
}

/// What came of a step.
struct Outcome {
    /// The residual stream after a layer.
    resid: Option<Tensor<2>>,
    /// The metric, after the last.
    values: Option<Vec<Vec<f32>>>,
    /// When it began and ended.
    times: [f64; 2],
}

impl<'r, 'a, 'm: 'r> Pipeline<'r, 'a, 'm> {
    pub fn new(
        crew: Rc<Crew>,
        runs: &'r Runs<'a>,
        plan: &'r Plan,
        metric: &'m dyn Metric,
        entries: &'r Entries,
    ) -> Self {
        let sweep = crew.begin();
        // What was lent for both runs.
        runs.model.layers.give_back();
        Self {
            board: Board::new(crew.holders()),
            given: vec![None; crew.workers()],
            crew,
            runs,
            plan,
            metric,
            entries,
            sweep,
            chunks: VecDeque::new(),
            readouts: Vec::new(),
            running: Vec::new(),
        }
    }

    /// How many jobs it likes to know of beside the one that is waited for.
    pub fn ahead(&self) -> usize {
        let rows = |part: &Part| part.batch() * part.rows();
        let rows = self.plan.parts.iter().map(rows).max().unwrap_or(1);
        let chunk = self.plan.edges * rows * self.runs.model.config.d_model;
        ahead(self.crew.workers(), self.plan.memory.under_way() / chunk)
    }

    /// Do a job, and on the way some of those that follow.
    ///
    /// # Errors
    /// [`Code::Option`] for a job of other runs; those of all workers, and of the pause.
    pub async fn run(&mut self, job: &Job, following: &[Job]) -> Result<Done> {
        let is_next = |chunk: &Chunk| chunk.job == *job;
        if !self.chunks.front().is_none_or(is_next) {
            let expected = "the first of those that were to follow";
            return Err(Error::new(Code::Option, "job", expected, "another"));
        }
        let known = self.chunks.len();
        for next in iter::once(job).chain(following).skip(known) {
            if !self.admit(next).await? {
                break;
            }
        }
        loop {
            self.start();
            if self.board.pop() {
                let chunk = self.chunks.pop_front();
                let chunk = chunk.and_then(|chunk| Some((chunk.order, chunk.values?)));
                let (order, of_variants) = chunk.expect("a chunk that came through has values");
                let mut values = vec![Vec::new(); order.len()];
                for (i, of_variant) in order.into_iter().zip(of_variants) {
                    values[i] = of_variant;
                }
                return Ok(Done { values });
            }
            let (
                Running {
                    taken,
                    enters,
                    worker,
                    ..
                },
                came,
            ) = self.next().await;
            let Outcome {
                resid,
                values,
                times: [began, ended],
            } = came?;
            let event = CrewEvent {
                job: taken.job,
                layer: taken.layer,
                enters,
                worker,
                began,
                ended,
            };
            self.crew.note(self.sweep, event);
            let chunk = self.chunk(taken);
            (chunk.resid, chunk.values) = (resid, values);
            self.board.done(taken.job);
        }
    }

    fn chunk(&mut self, taken: Taken) -> &mut Chunk {
        let first = self.board.end() - self.chunks.len();
        &mut self.chunks[taken.job - first]
    }

    /// Put a job on the board; false where that has to wait, since memory does not hold the runs of its part beside those
    /// that are worked on.
    async fn admit(&mut self, job: &Job) -> Result<bool> {
        let part = self.runs.part_of(self.plan, job)?;
        if !self.readouts.iter().any(|(of, _)| *of == part) {
            if !self.plan.keeps_runs {
                if !self.chunks.is_empty() {
                    return Ok(false);
                }
                // Let go of the last part's runs before those of this one are made.
                self.readouts.clear();
            }
            let readout = self.runs.readout(self.plan, part, self.metric).await?;
            self.readouts.push((part, Rc::new(readout)));
        }
        let order = by_head(&job.variants);
        self.board.add(job.enter.layer());
        self.chunks.push_back(Chunk {
            part,
            variants: order.iter().map(|i| job.variants[*i]).collect(),
            order,
            job: job.clone(),
            resid: None,
            values: None,
        });
        Ok(true)
    }

    /// Give everybody something to do.
    fn start(&mut self) {
        for worker in (0..self.crew.workers()).rev() {
            let most = if worker == 0 { 1 } else { AT_HAND };
            let has = self.running.iter().filter(|r| r.worker == worker).count();
            for _ in has..most {
                let Some(taken) = self.board.take(worker) else {
                    break;
                };
                let chunk = self.chunk(taken);
                let (part, resid) = (chunk.part, chunk.resid.take());
                let task = Task {
                    enter: chunk.job.enter,
                    variants: chunk.variants.clone(),
                    layer_norm: chunk.job.patch.layer_norm,
                    layer: taken.layer,
                };
                let readout = self.readouts.iter().find(|(of, _)| *of == part);
                let readout = readout.expect("a chunk's part is there").1.clone();
                let running = Running {
                    taken,
                    enters: resid.is_none(),
                    worker,
                    step: match worker {
                        0 => Box::pin(here(readout, self.entries, task, resid)),
                        _ => self.elsewhere(worker, part, &readout, task, resid),
                    },
                };
                self.running.push(running);
            }
        }
    }

    /// Have another worker do a step.
    fn elsewhere(
        &mut self,
        worker: usize,
        part: usize,
        readout: &Readout<'_, '_>,
        task: Task,
        resid: Option<Tensor<2>>,
    ) -> Pin<Box<dyn Future<Output = Result<Outcome>> + 'r>> {
        let told = self.prepare(worker, part, task.layer_norm, readout);
        let (at, numbers) = match resid {
            Some(resid) => (At::Through { layer: task.layer }, resid.flatten(0, 1)),
            None => {
                let numbers = deltas(readout, &task.variants);
                let (stage, variants) = (task.enter, task.variants);
                (At::Enter { stage, variants }, numbers)
            }
        };
        let step = Step {
            sweep: self.sweep,
            part,
            at,
        };
        let step = self.crew.ask(worker, &Ask::Step(step), vec![numbers]);
        let d_model = self.runs.model.config.d_model;
        Box::pin(async move {
            for heard in told {
                heard.await?;
            }
            let mut came = step.await?;
            let numbers = came.data.pop().ok_or_else(|| strange("no numbers"))?;
            let rows = numbers.dims()[0] / d_model;
            Ok(Outcome {
                times: came.read()?,
                resid: Some(numbers.reshape([rows, d_model])),
                values: None,
            })
        })
    }

    /// Tell a worker what it does not know yet of the sweep and of a part.
    fn prepare(
        &mut self,
        worker: usize,
        part: usize,
        layer_norm: LayerNorm,
        readout: &Readout<'_, '_>,
    ) -> Vec<impl Future<Output = Result<Parcel>> + use<'r, 'a, 'm>> {
        let mut acks = Vec::new();
        let alone = !self.plan.keeps_runs;
        let parts = self.given[worker].get_or_insert_with(|| {
            let begin = Begin {
                sweep: self.sweep,
                rows: self.plan.rows,
                memory: readout.memory(),
                layer_norm,
                entries: self.entries.layers(),
            };
            acks.push(self.crew.ask(worker, &Ask::Begin(begin), Vec::new()));
            HashSet::new()
        });
        if alone && !parts.contains(&part) {
            parts.clear();
        }
        if parts.insert(part) {
            let slice = readout.slice();
            let first = slice.window.first;
            let rows = readout.rows();
            let ask = Ask::Part {
                sweep: self.sweep,
                part,
                shape: slice.shape(),
                positions: rows.map(|rows| rows.iter().map(|row| row + first).collect()),
                alone,
            };
            let layers = self.crew.held_by(worker);
            let data = layers.iter().flat_map(|layer| slice.share(*layer));
            acks.push(self.crew.ask(worker, &ask, data.collect()));
        }
        acks
    }

    /// Wait until a step is done.
    async fn next(&mut self) -> (Running<'r>, Result<Outcome>) {
        let running = &mut self.running;
        poll_fn(|context| {
            for i in 0..running.len() {
                if let Poll::Ready(came) = running[i].step.as_mut().poll(context) {
                    return Poll::Ready((running.remove(i), came));
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for Pipeline<'_, '_, '_> {
    /// Whoever is still at a step of it stops.
    fn drop(&mut self) {
        for (worker, given) in self.given.iter().enumerate() {
            if given.is_some() {
                let end = Ask::End { sweep: self.sweep };
                drop(self.crew.ask(worker, &end, Vec::new()));
            }
        }
    }
}

/// A step that this worker does itself: a layer that it holds, or the metric. `resid` is where the chunk has come to.
async fn here(
    readout: Rc<Readout<'_, '_>>,
    entries: &Entries,
    task: Task,
    resid: Option<Tensor<2>>,
) -> Result<Outcome> {
    let began = now();
    let forward = Forward::new(&readout, task.layer_norm, entries);
    let (layer, variants) = (task.layer, &task.variants);
    let is_layer = layer < readout.slice().model.layers.len();
    let (mut after, mut values) = (None, None);
    match resid {
        None if is_layer => after = Some(forward.enter(task.enter, variants).await?.resid),
        Some(resid) if is_layer => {
            after = Some(forward.through(Between { layer, resid }).await?.resid);
        }
        resid => {
            let normalised = match resid {
                Some(resid) => forward.leave(Between { layer, resid }).await?,
                None => forward.run(task.enter, variants).await?,
            };
            let reading = readout.of_variants(normalised, variants.len()).await?;
            let numbers = reading.values().await?;
            let each = numbers.len() / variants.len();
            values = Some(numbers.chunks(each).map(<[f32]>::to_vec).collect());
        }
    }
    Ok(Outcome {
        resid: after,
        values,
        times: [began, now()],
    })
}

/// The deltas of the variants' senders, as they are asked for where variants enter.
fn deltas(readout: &Readout<'_, '_>, variants: &[Variant]) -> Tensor<1> {
    let slice = readout.slice();
    let all = 0..slice.batch * slice.window.rows;
    slice.written(&senders(variants), all).flatten(0, 2)
}
