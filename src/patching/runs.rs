//! A batch of pairs on a model: what is asked of it, and as much of its runs as memory holds.
//!
//! Nothing is run before it is needed. A batch whose runs fit [`Memory::runs`] is run once and kept; a larger one is run
//! some prompts at a time, and again whenever these are needed.

use std::{cell::RefCell, rc::Rc};

use burn::tensor::Tensor;

use super::{
    both::Both,
    crew::Crew,
    graph::Stage,
    job::Job,
    memory::{Memory, check_length},
    patch::{Direction, Replacement},
    plan::{Part, Plan, Reads},
    readout::{Readout, rows_read},
    slice::{Activations, GoesIn, Keep, Means, Slice},
};
use crate::{
    error::{Code, Error, Result},
    gpt2::{Gpt2, Steps},
    metric::{AnswerMetric, CleanOutput, Metric, MetricKind},
    ops::{cat, index, on_cpu, pick},
    pause::Pause,
    prompt::{Batch, PromptPair},
};

/// A batch of prompts on a model, clean and corrupted.
pub struct Runs<'a> {
    pub(super) model: &'a Gpt2,
    pub(super) batch: Batch,
    /// The prompts over which means are taken, where it is more than the batch.
    averaged: Option<Batch>,
    pub(super) pause: &'a dyn Pause,
    direction: Direction,
    replacement: Replacement,
    memory: Memory,
    /// The workers that share the model, if there are several.
    pub(super) crew: Option<Rc<Crew>>,
    kept: Rc<RefCell<Kept>>,
}

/// The runs of one plan, as far as they are there.
#[derive(Default)]
struct Kept {
    plan: Option<Plan>,
    /// The means that go in, if means do.
    means: Option<Rc<Means>>,
    slices: Vec<Option<Rc<Activations>>>,
    /// The only pair at all positions and stages, for the next edge that is looked at; with the plan that it was run by.
    look: Option<(Plan, Rc<Activations>)>,
}

/// The runs of the prompts that were asked about last, for calls that ask about them again: in the memory for runs, until
/// others are asked about.
#[derive(Default)]
pub(crate) struct LastRuns(RefCell<Option<(Question, Rc<RefCell<Kept>>)>>);

/// What runs depend on, beside the plan.
#[derive(PartialEq)]
struct Question {
    /// Clean and corrupted tokens.
    prompts: Vec<[Vec<u32>; 2]>,
    direction: Direction,
    replacement: Replacement,
}

impl<'a> Runs<'a> {
    /// A batch on a model, in the memory that suits its device. It is denoised with what senders write on the other
    /// prompt, unless [`Runs::patching`] says otherwise. `pause` is asked after each step of all work that starts here.
    pub fn new(model: &'a Gpt2, batch: &Batch, pause: &'a dyn Pause) -> Self {
        Self {
            model,
            batch: batch.clone(),
            averaged: None,
            pause,
            direction: Direction::default(),
            replacement: Replacement::default(),
            memory: Memory::of(&model.device()),
            crew: None,
            kept: Rc::default(),
        }
    }

    /// The same batch in other memory.
    #[must_use]
    pub fn within(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// The same batch, whose sweeps are done by all workers of a crew: the model's layers are with them.
    #[must_use]
    pub fn shared(self, crew: Option<Rc<Crew>>) -> Self {
        Self { crew, ..self }
    }

    /// The same batch with another base run, or with something else that goes into it.
    #[must_use]
    pub fn patching(self, direction: Direction, replacement: Replacement) -> Self {
        Self {
            direction,
            replacement,
            kept: Rc::default(),
            ..self
        }
    }

    /// With the runs of the last call that was about the same prompts, if it was; those that are made now are for the next.
    #[must_use]
    pub(crate) fn remembered(self, last: &LastRuns) -> Self {
        let tokens = |pair: &PromptPair| [pair.clean.clone(), pair.corrupted.clone()];
        let question = Question {
            prompts: self.batch.pairs().iter().map(tokens).collect(),
            direction: self.direction,
            replacement: self.replacement,
        };
        let mut last = last.0.borrow_mut();
        let kept = match &*last {
            Some((of, kept)) if *of == question => kept.clone(),
            _ => self.kept,
        };
        *last = Some((question, kept.clone()));
        Self { kept, ..self }
    }

    /// One pair of the batch by itself. Where a mean goes in, it is still the mean over all of the batch.
    ///
    /// # Errors
    /// Those of [`Batch::only`].
    pub fn of_pair(self, pair: usize) -> Result<Self> {
        Ok(Self {
            batch: self.batch.only(pair)?,
            averaged: Some(self.averaged.unwrap_or(self.batch)),
            kept: Rc::default(),
            ..self
        })
    }

    /// The prompts over which means are taken.
    fn averaged(&self) -> &Batch {
        self.averaged.as_ref().unwrap_or(&self.batch)
    }

    /// Which run is the base.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What goes into it.
    pub fn replacement(&self) -> Replacement {
        self.replacement
    }

    /// A built-in metric for this batch.
    ///
    /// # Errors
    /// Those of [`AnswerMetric::new`] and of [`Runs::clean_output`].
    pub async fn metric(&self, kind: MetricKind) -> Result<AnswerMetric> {
        let clean = match kind {
            MetricKind::Kl => Some(self.clean_output().await?),
            _ => None,
        };
        AnswerMetric::new(kind, self.batch.targets(), clean)
    }

    /// The clean run where the batch's metric reads.
    ///
    /// # Errors
    /// [`Code::PromptLength`] for a prompt longer than memory allows; those of a pause.
    pub async fn clean_output(&self) -> Result<CleanOutput> {
        let unembedding = self.model.unembed.of_tokens(None);
        Ok(CleanOutput::new(self.outputs().await?.clean, unembedding))
    }

    /// The final residual stream of both runs where the batch's metric reads, each `[batch, d_model]`.
    ///
    /// # Errors
    /// As [`Runs::clean_output`].
    pub(super) async fn outputs(&self) -> Result<Both<Tensor<2>>> {
        let positions = self.batch.positions();
        let reads = Reads {
            positions: Some(positions),
            tokens: self.model.config.d_vocab,
            tokens_of_prompt: self.model.config.d_vocab,
            splits: true,
        };
        let plan = Plan::new(
            &self.batch,
            self.averaged(),
            &reads,
            self.replacement,
            self.model,
            self.memory,
        );
        let mut rows = Both::<Vec<Tensor<2>>>::default();
        for (i, part) in plan.parts.iter().enumerate() {
            let slice = self.slice(&plan, i).await?;
            let positions: Vec<usize> = part.prompts.iter().map(|i| positions[*i]).collect();
            let finals = slice.finals();
            rows.clean.push(rows_read(finals.clean, &positions));
            rows.corrupted.push(rows_read(finals.corrupted, &positions));
        }
        // In the order of the batch.
        let mut places = vec![0; positions.len()];
        let prompts = plan.parts.iter().flat_map(|part| &part.prompts);
        prompts
            .enumerate()
            .for_each(|(place, i)| places[*i] = place);
        let is_in_order = places.is_sorted();
        let places = index(places.into_iter(), &self.model.device());
        let in_order = |rows: Vec<Tensor<2>>| match is_in_order {
            true => cat(rows, 0),
            false => pick(cat(rows, 0), &places),
        };
        Ok(Both {
            clean: in_order(rows.clean),
            corrupted: in_order(rows.corrupted),
        })
    }

    /// The memory that it keeps to.
    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    /// How the batch is cut for a metric, with `step` bytes for a step where that is given.
    ///
    /// # Errors
    /// Those of [`Reads::of`].
    pub(super) fn plan(&self, metric: &dyn Metric, step: Option<usize>) -> Result<Plan> {
        let reads = Reads::of(metric, &self.batch, &self.model.config)?;
        let memory = Memory {
            step: step.unwrap_or(self.memory.step),
            ..self.memory
        };
        let replacement = self.replacement;
        Ok(Plan::new(
            &self.batch,
            self.averaged(),
            &reads,
            replacement,
            self.model,
            memory,
        ))
    }

    /// The part of a plan that a job is about.
    ///
    /// # Errors
    /// [`Code::Option`] for a job of other runs.
    pub(super) fn part_of(&self, plan: &Plan, job: &Job) -> Result<usize> {
        let mut parts = plan.parts.iter();
        let part = parts.position(|part| part.prompts == job.prompts && part.window == job.window);
        let is_of_runs =
            job.patch.direction == self.direction && job.patch.replacement == self.replacement;
        part.filter(|_| is_of_runs).ok_or_else(|| {
            let (expected, got) = ("prompts, positions and a patch of the plan", "others");
            Error::new(Code::Option, "job", expected, got)
        })
    }

    /// Both runs of a part of a plan, kept where the plan says so.
    ///
    /// # Errors
    /// [`Code::PromptLength`] where memory does not hold the runs of a single prompt; those of a pause.
    pub(super) async fn slice(&self, plan: &Plan, part: usize) -> Result<Rc<Slice<'a>>> {
        if self.kept.borrow().plan.as_ref() != Some(plan) {
            let mut kept = self.kept.borrow_mut();
            kept.plan = Some(plan.clone());
            kept.means = None;
            kept.slices = vec![None; plan.parts.len()];
        }
        if let Some(activations) = &self.kept.borrow().slices[part] {
            let slice = Slice::of(self.model, self.steps(plan), activations.clone());
            return Ok(Rc::new(slice));
        }
        let keep = Keep {
            destinations: plan.keeps_destinations,
            written: plan.keeps_written,
            looks: &[],
        };
        let slice = self.run(plan, part, keep).await?;
        let mut kept = self.kept.borrow_mut();
        // Another call about these prompts may have come in between, with another plan.
        if plan.keeps_runs && kept.plan.as_ref() == Some(plan) {
            kept.slices[part] = Some(slice.activations());
        }
        Ok(slice)
    }

    fn steps(&self, plan: &Plan) -> Steps<'a> {
        Steps {
            rows: plan.rows,
            pause: self.pause,
        }
    }

    /// What a metric reads of a part of a plan.
    ///
    /// # Errors
    /// Those of a pause.
    pub(super) async fn readout<'m>(
        &self,
        plan: &Plan,
        part: usize,
        metric: &'m dyn Metric,
    ) -> Result<Readout<'a, 'm>> {
        let slice = self.slice(plan, part).await?;
        let prompts = &plan.parts[part].prompts;
        Ok(Readout::new(slice, metric, prompts, plan.memory))
    }

    /// Both runs of the batch's only pair at all positions, and the residual stream at some stages; at all of them, and
    /// kept, where memory allows.
    ///
    /// # Errors
    /// [`Code::PromptLength`] where memory does not hold its attention patterns; those of a pause.
    pub(super) async fn look(
        &self,
        reads: Option<&[usize]>,
        stages: &[Stage],
    ) -> Result<Rc<Slice<'a>>> {
        let longest = self.memory.longest_pattern();
        let why = "where attention patterns are shown";
        check_length(self.batch.len_pos(), longest, why)?;
        let plan = Plan::of_one_pair(
            &self.batch,
            self.averaged(),
            reads,
            self.replacement,
            self.model,
            self.memory,
        );
        if let Some((of, activations)) = &self.kept.borrow().look
            && *of == plan
        {
            let slice = Slice::of(self.model, self.steps(&plan), activations.clone());
            return Ok(Rc::new(slice));
        }
        let n_layers = self.model.config.n_layers;
        let pos = plan.parts[0].pos();
        let is_kept = self.memory.keeps_look(&self.model.config, pos);
        let all = (0..n_layers).flat_map(|layer| [Stage::pre(layer), Stage::mid(layer)]);
        let all: Vec<Stage> = all.chain([Stage::pre(n_layers)]).collect();
        let keep = Keep {
            destinations: false,
            written: false,
            looks: if is_kept { &all } else { stages },
        };
        if !is_kept {
            // Room for a long prompt's runs beside those that were kept.
            self.kept.borrow_mut().slices.fill(None);
        }
        let slice = self.run(&plan, 0, keep).await?;
        if is_kept {
            self.kept.borrow_mut().look = Some((plan, slice.activations()));
        }
        Ok(slice)
    }

    async fn run(&self, plan: &Plan, part: usize, keep: Keep<'_>) -> Result<Rc<Slice<'a>>> {
        let steps = self.steps(plan);
        let (config, on_cpu) = (&self.model.config, on_cpu(&self.model.device()));
        let longest = plan.memory.longest_prompt(config, on_cpu);
        let parts = [&plan.parts[part]].into_iter().chain(&plan.means);
        let pos = parts.map(Part::pos).max().unwrap_or(0);
        check_length(pos, longest, "up to the position that is read")?;
        let means = self.means(plan, steps).await?;
        let goes_in = match (self.replacement, &means) {
            (Replacement::Mean, Some(means)) => GoesIn::Mean(means),
            (Replacement::Zero, _) => GoesIn::Nothing,
            _ => GoesIn::Other,
        };
        let (part, direction) = (&plan.parts[part], self.direction);
        let slice = Slice::run(
            self.model,
            steps,
            &self.batch,
            part,
            direction,
            goes_in,
            keep,
        );
        Ok(Rc::new(slice.await?))
    }

    /// The means that go in, if means do: made once for all parts of a plan.
    async fn means(&self, plan: &Plan, steps: Steps<'_>) -> Result<Option<Rc<Means>>> {
        if plan.means.is_empty() {
            return Ok(None);
        }
        let is_kept = || self.kept.borrow().plan.as_ref() == Some(plan);
        let kept = self.kept.borrow().means.clone().filter(|_| is_kept());
        if kept.is_some() {
            return Ok(kept);
        }
        let (model, parts) = (self.model, &plan.means);
        let means = Means::run(model, steps, self.averaged(), parts, self.direction).await?;
        let means = Rc::new(means);
        if is_kept() {
            self.kept.borrow_mut().means = Some(means.clone());
        }
        Ok(Some(means))
    }
}

/// Check that there is one pair, to look at.
///
/// # Errors
/// [`Code::Clean`] for several.
pub(super) fn one_pair(batch: &Batch) -> Result<()> {
    match batch.pairs().len() {
        1 => Ok(()),
        n => Err(Error::new(Code::Clean, "prompt pairs", "one to look at", n)),
    }
}
