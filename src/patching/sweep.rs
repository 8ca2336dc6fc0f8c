//! Edges of the graph: first an estimate of all that are asked for, then the exact values, chunk by chunk.
//!
//! A plan cuts the prompts into parts, a schedule the edges into chunks; a chunk on a part is a job, which is one batched
//! pass through the rest of the model and one read-back. After each step of a job, some rows of a layer, the sweep pauses
//! and may be stopped; on the CPU of a browser, where one thread does all, that is when other events are handled.
//! How chunks go through the parts is the matter of `work`.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    both::Both,
    cell::Cell,
    check::{Check, Selection},
    cost::Cost,
    entries::Entries,
    estimate::{Ask, ByPosition, Step, no_gradient, overview},
    execute::Local,
    graph::{Edge, Graph},
    job::{Executor, Variant},
    memory::Memory,
    patch::{Direction, LayerNorm, Patch, Replacement},
    plan::{Plan, Reads},
    progress::{Meter, Progress},
    runs::Runs,
    scale::{Sums, finite},
    schedule::{Chunk, schedule},
    scores::Scores,
    table::EdgeTable,
    window::Window,
    work::Work,
};
use crate::{
    error::{Code, Error, Result},
    metric::Metric,
};

/// How edges are swept.
#[derive(Debug, Clone, Copy)]
pub struct EdgeOptions {
    /// How they are patched: in the direction and with the replacement of the runs.
    pub patch: Patch,
    /// How their numbers are made.
    pub scores: Scores,
    /// Whether estimates come before exact values, and with them the largest effects, where the metric has a gradient.
    pub estimates: bool,
    /// How many edges get exact values, those of the largest estimated effects; all where `None`.
    pub strongest: Option<usize>,
    /// How many of the others get exact values beside them, to tell how far the estimates are off.
    pub checked: usize,
    /// Whether effects are split by position too: estimates of all edges, exact values of all, or of the strongest.
    pub by_position: bool,
    /// Bytes that the activations of a step may take, in place of [`Memory::step`](super::Memory::step) of the runs.
    pub memory_budget: Option<usize>,
}

impl Default for EdgeOptions {
    /// Exact values of all edges after their estimates, denoising with the other prompt's writes and an exact
    /// LayerNorm.
    fn default() -> Self {
        Self {
            patch: Patch {
                direction: Direction::Denoise,
                replacement: Replacement::Resample,
                layer_norm: LayerNorm::Exact,
            },
            scores: Scores::Exact,
            estimates: true,
            strongest: None,
            checked: 300,
            by_position: false,
            memory_budget: None,
        }
    }
}

/// A sweep at one moment.
#[derive(Debug, Clone, Copy)]
pub struct EdgeUpdate<'a> {
    /// How far it is.
    pub progress: Progress,
    /// Estimates where there are any, overwritten by exact values as they come.
    pub table: &'a EdgeTable,
    /// The places of the cells that have changed since the last update: once the estimates, then what has become exact.
    /// Empty where only the progress has changed, as while a batch that is run some prompts at a time has its estimates
    /// made; until then the table's metrics are NaN.
    pub changed: &'a [usize],
}

/// What a sweep gives.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeResult {
    /// The metric of every edge that was asked for.
    pub table: EdgeTable,
    /// Effects by position, where they were asked for; no estimates among them where there are none of whole edges.
    pub by_position: Option<ByPosition>,
    /// How far estimates are off where only the strongest edges are exact.
    pub check: Option<Check>,
    /// Which estimates there were, if any.
    pub estimated: Option<Scores>,
}

/// So many of the strongest edges, by their estimates, are exact before the others are begun.
const STRONGEST: usize = 500;
/// So many positions of edges are patched alone before others are: 32,491 edges with 60 positions each would be 2 million.
const ALONE: usize = 1 << 16;

/// Patch edges of the graph, any of them; without one, the table has both runs' metrics alone.
///
/// # Errors
/// [`Code::Source`] for an edge that the model does not have; [`Code::Option`] for options that do not go together, and
/// where effects by position of so many edges do not fit [`Memory::runs`]; [`Code::PromptLength`] for a prompt longer than
/// memory allows; [`Code::Metric`] when a normalised metric has nothing to
/// normalise by, when a metric reads where there is nothing, when estimates are asked for and it has no gradient, and when
/// a value is not a finite number; [`Code::Device`] when the device fails; whatever `on_update` returns or ends a pause.
pub async fn sweep_edges(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    edges: &[Edge],
    options: &EdgeOptions,
    mut on_update: impl FnMut(EdgeUpdate<'_>) -> Result<()>,
) -> Result<EdgeResult> {
    // One copy of the work for all callers: the browser downloads it.
    sweep(runs, metric, edges, options, &mut on_update).await
}

async fn sweep(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    edges: &[Edge],
    options: &EdgeOptions,
    on_update: &mut dyn FnMut(EdgeUpdate<'_>) -> Result<()>,
) -> Result<EdgeResult> {
    let config = &runs.model.config;
    let graph = Graph::of(config);
    check_options(runs, options)?;
    let edges = checked(graph, edges)?;
    let plan = runs.plan(metric, options.memory_budget)?;
    let pos = runs.batch.len_pos();
    if options.by_position {
        check_positions(edges.len(), pos, plan.memory)?;
    }
    let reads = Reads::of(metric, &runs.batch, config)?;
    let cost = Cost::new(runs.model, &plan, &reads);
    let mut meter = Meter::new(options.exact(edges.len()));
    let empty = |metric| EdgeTable::empty(graph, runs.direction(), metric);

    let unknown = empty(Both {
        clean: f32::NAN,
        corrupted: f32::NAN,
    });
    let estimated = options.estimates_by(runs, metric);
    let ask = estimated.map(|scores| Ask {
        scores,
        layer_norm: options.patch.layer_norm,
        edges: &edges,
        by_position: options.by_position,
    });
    let mut on_step = |step: Step<'_>| {
        match step {
            Step::Between(part) => meter.before(cost.of_run_and_gradient(part)),
            Step::Part(part) => {
                meter.before(cost.of_runs_of(part));
                if plan.parts.last() == Some(part) {
                    // The estimates of all follow at once.
                    return Ok(());
                }
            }
        }
        on_update(EdgeUpdate {
            progress: meter.progress(),
            table: &unknown,
            changed: &[],
        })
    };
    let overview = overview(runs, metric, &plan, ask.as_ref(), &mut on_step).await?;
    let (scale, effects) = (overview.scale, overview.effects);
    if effects.is_none() && options.needs_estimates() {
        return Err(no_gradient());
    }
    let mut table = empty(overview.metric);
    let mut changed = Vec::new();
    if let Some(effects) = &effects {
        changed = effects.fill(&mut table, &scale);
        if options.scores == Scores::Exact {
            meter.has_estimates();
        }
    }
    let estimates = table.clone();
    // Where there is no telling how large an effect is, since its estimate overflows, it may be the largest.
    let size = |edge: &Edge| match (&effects, estimates.cell(*edge)) {
        (None, _) => 0.0,
        (Some(effects), Cell::Estimate(_)) => effects.at(graph.place(*edge)).abs(),
        (Some(_), _) => f32::INFINITY,
    };
    let selection = match (options.scores, options.strongest) {
        (Scores::Exact, None) => Selection::all(&edges),
        (Scores::Exact, Some(n)) => Selection::strongest(&edges, n, options.checked, size),
        _ => Selection::all(&[]),
    };
    let selected: HashSet<usize> = selection.edges().map(|e| graph.place(*e)).collect();
    let mut others = edges
        .iter()
        .filter(|e| !selected.contains(&graph.place(**e)));
    others.try_for_each(|edge| estimates.check(*edge))?;
    let whole: Vec<Variant> = selection
        .edges()
        .map(|edge| Variant::whole(*edge))
        .collect();
    // The edges that are patched at each position too.
    let (split, positions) = match options.by_position {
        true => (&selection.strongest[..], positions(&plan)),
        false => (&[][..], 0..0),
    };
    let in_chunks = |variants: &[Variant]| {
        let size = |variant: &Variant| size(&variant.edge);
        schedule(graph, variants, plan.edges, STRONGEST, size)
    };
    let stage = |edge: &Edge| edge.to.reads(graph.n_layers);
    let of_whole = whole.iter().map(|variant| (stage(&variant.edge), 1));
    let of_positions = split.iter().map(|edge| (stage(edge), positions.len()));
    let entries = Entries::of_sweep(runs.model, &plan, &reads, of_whole.chain(of_positions));
    let cost = cost.with(&entries);
    let whole = in_chunks(&whole);

    let work = Work {
        pause: runs.pause,
        plan: &plan,
        patch: options.patch,
        cost: &cost,
        scale: &scale,
    };
    let of_position = |edge: &Edge| cost.of_variant(stage(edge));
    let of_positions = split.iter().map(of_position).sum::<f64>();
    let flops = work.flops(&whole) + positions.len() as f64 * of_positions;
    meter.plan(selected.len() + split.len() * positions.len(), flops);
    let executor = Local::new(runs, &plan, metric, &entries);
    let mut sweep = Sweep {
        work,
        executor,
        meter,
        table,
        on_update,
    };
    let exact = async {
        sweep.update(&changed)?;
        sweep.whole(&whole).await?;
        let mut alone = Vec::new();
        for edges in split.chunks(1 + ALONE / positions.len().max(1)) {
            let at = |edge| positions.clone().map(move |p| Variant::at(edge, p));
            let variants: Vec<Variant> = edges.iter().flat_map(|edge| at(*edge)).collect();
            alone.extend(sweep.alone(&in_chunks(&variants), edges, pos).await?);
        }
        Ok(alone)
    };
    let exact = exact.await;
    if exact.is_err() {
        sweep.executor.settle().await;
    }
    let alone = exact?;

    let table = sweep.table;
    let by_position = options.by_position.then(|| {
        let estimates = effects.and_then(|effects| effects.by_position(&scale));
        let mut by_position = estimates.unwrap_or(ByPosition {
            pos,
            places: Vec::new(),
            whole: Vec::new(),
            estimates: Vec::new(),
            exact: Vec::new(),
        });
        by_position.exact = alone;
        by_position
    });
    let error = |edge: &Edge| {
        let [estimate, exact] = [&estimates, &table].map(|t| t.cell(*edge).value());
        Some((estimate? - exact?).abs())
    };
    let errors: Vec<f32> = selection.checked.iter().filter_map(error).collect();
    Ok(EdgeResult {
        check: Check::of(&errors, selection.others),
        table,
        by_position,
        estimated,
    })
}

impl EdgeOptions {
    /// How many of so many edges get exact values.
    fn exact(&self, edges: usize) -> usize {
        match (self.scores, self.strongest) {
            (Scores::Exact, None) => edges,
            (Scores::Exact, Some(n)) => n.saturating_add(self.checked).min(edges),
            _ => 0,
        }
    }

    /// Which estimates are made, if any. Those that come before exact values are by EAP-IG where the gradient in the base
    /// run is 0: then it takes that of other runs to tell a large effect from a small one.
    fn estimates_by(&self, runs: &Runs<'_>, metric: &dyn Metric) -> Option<Scores> {
        let is_flat = runs.direction() == Direction::Noise && metric.is_least_on_clean();
        let steps = Scores::STEPS;
        match self.scores {
            Scores::Exact if !self.estimates && self.strongest.is_none() => None,
            Scores::Exact if is_flat => Some(Scores::EapIg { steps }),
            Scores::Exact => Some(Scores::Estimate),
            scores => Some(scores),
        }
    }

    /// Whether nothing can be done without estimates.
    fn needs_estimates(&self) -> bool {
        self.scores != Scores::Exact || self.strongest.is_some()
    }
}

/// The exact part of a sweep under way.
struct Sweep<'s, E> {
    work: Work<'s>,
    executor: E,
    meter: Meter,
    table: EdgeTable,
    on_update: &'s mut dyn FnMut(EdgeUpdate<'_>) -> Result<()>,
}

impl<E: Executor> Sweep<'_, E> {
    fn update(&mut self, changed: &[usize]) -> Result<()> {
        (self.on_update)(EdgeUpdate {
            progress: self.meter.progress(),
            table: &self.table,
            changed,
        })
    }

    /// Values of whole edges, into the table.
    async fn whole(&mut self, chunks: &[Chunk]) -> Result<()> {
        let graph = self.table.graph;
        let mut rest = chunks;
        for group in self.work.groups(chunks) {
            rest = &rest[group.len()..];
            let sums = self.run(group, rest).await?;
            let mut changed = Vec::with_capacity(sums.len());
            for (Variant { edge, .. }, sums) in sums {
                let scale = self.work.scale;
                let value = finite(scale.value(&sums), || format!("edge {edge}"))?;
                let cell = &mut self.table.cells[graph.place(edge)];
                self.meter.exact(cell.value().map(|e| (e - value).abs()));
                *cell = Cell::Exact {
                    value,
                    std_dev: scale.std_dev(&sums),
                };
                changed.push(graph.place(edge));
            }
            self.update(&changed)?;
        }
        Ok(())
    }

    /// Effects of single positions, `[pos]`, with the places of the edges.
    async fn alone(
        &mut self,
        chunks: &[Chunk],
        edges: &[Edge],
        pos: usize,
    ) -> Result<Vec<(usize, Vec<f32>)>> {
        let (graph, base) = (self.table.graph, self.table.base());
        // Positions that no patch reaches have no effect.
        let none = edges
            .iter()
            .map(|edge| (graph.place(*edge), vec![0.0; pos]));
        let mut effects: Vec<(usize, Vec<f32>)> = none.collect();
        let number: HashMap<usize, usize> =
            effects.iter().map(|(place, _)| *place).zip(0..).collect();
        let mut rest = chunks;
        for group in self.work.groups(chunks) {
            rest = &rest[group.len()..];
            for (Variant { edge, at }, sums) in self.run(group, rest).await? {
                let whose = || format!("edge {edge} at a position");
                let value = finite(self.work.scale.value(&sums), whose)?;
                if let Some(position) = at {
                    effects[number[&graph.place(edge)]].1[position] = value - base;
                }
                self.meter.exact(None);
            }
            self.update(&[])?;
        }
        Ok(effects)
    }

    /// Some chunks on all prompts, and others that come after them.
    async fn run(&mut self, group: &[Chunk], rest: &[Chunk]) -> Result<Vec<(Variant, Sums)>> {
        let Self {
            work,
            executor,
            meter,
            table,
            on_update,
        } = self;
        let mut on_job = |progress| {
            on_update(EdgeUpdate {
                progress,
                table,
                changed: &[],
            })
        };
        work.run(executor, group, rest, meter, &mut on_job).await
    }
}

/// Check that options go with each other and with the runs.
fn check_options(runs: &Runs<'_>, options: &EdgeOptions) -> Result<()> {
    let wrong = |what, expected, got| Err(Error::new(Code::Option, what, expected, got));
    let Patch {
        direction,
        replacement,
        ..
    } = options.patch;
    if direction != runs.direction() {
        return wrong("direction", runs.direction().as_str(), direction.as_str());
    }
    if replacement != runs.replacement() {
        return wrong("patch", runs.replacement().as_str(), replacement.as_str());
    }
    if options.strongest.is_some() && options.scores != Scores::Exact {
        let expected = "exact where only the strongest are asked for";
        return wrong("scores", expected, options.scores.as_str());
    }
    if options.strongest == Some(0) {
        return wrong("strongest", "at least 1", "0");
    }
    options.scores.check()
}

/// Check that effects of so many edges at so many positions fit the memory for runs.
///
/// # Errors
/// [`Code::Option`], which names how many edges do.
fn check_positions(edges: usize, pos: usize, memory: Memory) -> Result<()> {
    let most = memory.runs / size_of::<f32>() / pos;
    if edges <= most {
        return Ok(());
    }
    let expected = format!(
        "at most {most} edges of prompts of {pos} tokens, which is what the memory allows: name those that matter"
    );
    Err(Error::new(
        Code::Option,
        "edges by position",
        expected,
        edges,
    ))
}

/// Edges that the model has, each once.
///
/// # Errors
/// [`Code::Source`] for another.
fn checked(graph: Graph, edges: &[Edge]) -> Result<Vec<Edge>> {
    let mut seen = HashSet::with_capacity(edges.len());
    let mut checked = Vec::with_capacity(edges.len());
    for edge in edges {
        graph.check(*edge)?;
        if seen.insert(graph.place(*edge)) {
            checked.push(*edge);
        }
    }
    Ok(checked)
}

/// The positions at which a patch can change something on some prompt.
fn positions(plan: &Plan) -> Range<usize> {
    let windows = plan.parts.iter().map(|part| part.window);
    let all = windows.reduce(Window::with);
    all.map_or(0..0, |all| all.first..all.end())
}
