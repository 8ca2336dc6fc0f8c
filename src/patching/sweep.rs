//! Edges of the graph: first an estimate of all that are asked for, then the exact values, chunk by chunk.
//!
//! A plan cuts the prompts into parts, a schedule the edges into chunks; a chunk on a part is a job, which is one batched
//! pass through the rest of the model and one read-back. After each step of a job, some rows of a layer, the sweep pauses
//! and may be stopped; on the CPU of a browser, where one thread does all, that is when other events are handled.
//!
//! Where memory does not hold the runs of all prompts, they are run some at a time, and an edge is exact once it has
//! been patched on all of them. Several chunks go through all prompts together, so that running the prompts again takes
//! no more than a tenth of the work.

use std::collections::{HashMap, HashSet};

use super::{
    both::Both,
    cell::Cell,
    check::{Check, Selection},
    cost::Cost,
    estimate::{Ask, ByPosition, overview},
    execute::Local,
    graph::{Edge, Graph},
    job::{Executor, Variant},
    patch::{Direction, LayerNorm, Patch, Replacement},
    plan::{Plan, Reads},
    progress::{Meter, Progress},
    runs::Runs,
    scale::{Scale, Sums, finite},
    schedule::{Chunk, schedule},
    scores::Scores,
    table::EdgeTable,
    window::Window,
};
use crate::{
    error::{Code, Error, Result},
    metric::Metric,
    pause::Pause,
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
    /// Effects by position, where they were asked for.
    pub by_position: Option<ByPosition>,
    /// How far estimates are off where only the strongest edges are exact.
    pub check: Option<Check>,
}

/// Patch edges of the graph, any of them; without one, the table has both runs' metrics alone.
///
/// # Errors
/// [`Code::Source`] for an edge that the model does not have; [`Code::Option`] for options that do not go together;
/// [`Code::PromptLength`] for a prompt longer than memory allows; [`Code::Metric`] when a normalised metric has nothing to
/// normalise by, when a metric reads where there is nothing, when estimates are asked for and it has no gradient, and when
/// a value is not a finite number; [`Code::Device`] when the device fails; whatever `on_update` returns or ends a pause.
pub async fn sweep_edges(
    runs: &Runs<'_>,
    metric: &dyn Metric,
    edges: &[Edge],
    options: &EdgeOptions,
    mut on_update: impl FnMut(EdgeUpdate<'_>) -> Result<()>,
) -> Result<EdgeResult> {
    let config = &runs.model.config;
    let graph = Graph::of(config);
    check_options(runs, options)?;
    let edges = checked(graph, edges)?;
    let plan = runs.plan(metric, options.memory_budget)?;
    let reads = Reads::of(metric, &runs.batch, config)?;
    let cost = Cost::new(config, &plan, &reads);
    let mut meter = Meter::new(match (options.scores, options.strongest) {
        (Scores::Exact, None) => edges.len(),
        (Scores::Exact, Some(n)) => n.saturating_add(options.checked).min(edges.len()),
        _ => 0,
    });
    let mut update = |meter: &Meter, table: &EdgeTable, changed: &[usize]| {
        on_update(EdgeUpdate {
            progress: meter.progress(),
            table,
            changed,
        })
    };

    let unknown = Both {
        clean: f32::NAN,
        corrupted: f32::NAN,
    };
    let empty = |metric| EdgeTable::empty(graph, runs.direction(), metric);
    let unknown = empty(unknown);
    let scores = match options.scores {
        Scores::Exact if options.estimates || options.strongest.is_some() => Some(Scores::Estimate),
        Scores::Exact => None,
        scores => Some(scores),
    };
    let ask = scores.map(|scores| Ask {
        scores,
        layer_norm: options.patch.layer_norm,
        edges: &edges,
        by_position: options.by_position,
    });
    let overview = overview(runs, metric, &plan, ask.as_ref(), |part| {
        meter.before(cost.of_runs_of(part));
        match part.prompts.end == runs.batch.pairs().len() {
            // The estimates of all follow at once.
            true => Ok(()),
            false => update(&meter, &unknown, &[]),
        }
    });
    let overview = overview.await?;
    let (scale, effects) = (overview.scale, overview.effects);
    let needs_estimates = options.scores != Scores::Exact || options.strongest.is_some();
    if needs_estimates && effects.is_none() {
        let expected = "a metric with a gradient";
        return Err(Error::new(
            Code::Metric,
            "estimate",
            expected,
            "one without",
        ));
    }
    let mut table = empty(overview.metric);
    let mut estimated = Vec::new();
    if let Some(effects) = &effects {
        estimated = effects.fill(&mut table, &scale)?;
        meter.has_estimates();
    }
    update(&meter, &table, &estimated)?;

    let size = |edge: &Edge| match &effects {
        Some(effects) => effects.at(graph.place(*edge)).abs(),
        None => 0.0,
    };
    let selection = match (options.scores, options.strongest) {
        (Scores::Exact, None) => Selection::all(&edges),
        (Scores::Exact, Some(n)) => Selection::strongest(&edges, n, options.checked, size),
        _ => Selection::all(&[]),
    };
    let whole = selection.edges().map(|edge| Variant {
        edge: *edge,
        at: None,
    });
    let whole: Vec<Variant> = whole.collect();
    let positions = match options.by_position {
        true => positions(&plan),
        false => 0..0,
    };
    let at_positions = selection.strongest.iter().flat_map(|edge| {
        positions.clone().map(|position| Variant {
            edge: *edge,
            at: Some(position),
        })
    });
    let at_positions: Vec<Variant> = at_positions.collect();
    let schedule = |variants| schedule(graph, variants, plan.edges, |v| size(&v.edge));
    let (chunks, chunks_at_positions) = (schedule(&whole), schedule(&at_positions));
    let flops = |c: &Chunk| c.variants.len() as f64 * cost.of_variant(c.enter);
    meter.plan(chunks.iter().chain(&chunks_at_positions).map(flops).sum());
    // Repeating the runs of all prompts takes a share of the work of a group.
    let group_flops = match plan.keeps_runs {
        true => 0.0,
        false => RUNS_SHARE.recip() * cost.of_runs(),
    };
    let work = Work {
        pause: runs.pause,
        plan: &plan,
        cost: &cost,
        scale: &scale,
    };
    let mut executor = Local::new(runs, &plan, metric, options.patch.layer_norm);
    let sampled: HashSet<usize> = selection.checked.iter().map(|e| graph.place(*e)).collect();
    let mut errors = Vec::with_capacity(sampled.len());
    for group in groups(&chunks, flops, group_flops) {
        let on_job = |meter: &Meter| update(meter, &table, &[]);
        let sums = work.run(&mut executor, group, &mut meter, on_job).await?;
        let mut changed = Vec::with_capacity(sums.len());
        for (Variant { edge, .. }, sums) in variants_of(group).zip(sums) {
            let place = graph.place(*edge);
            let value = finite(scale.value(&sums), || format!("edge {edge}"))?;
            let error = table.cells[place].value().map(|e| (e - value).abs());
            meter.exact(error);
            if let Some(error) = error.filter(|_| sampled.contains(&place)) {
                errors.push(error);
            }
            table.cells[place] = Cell::Exact {
                value,
                std_dev: scale.std_dev(&sums),
            };
            changed.push(place);
        }
        update(&meter, &table, &changed)?;
    }

    let pos = runs.batch.len_pos();
    let mut by_place: HashMap<usize, Vec<f32>> = HashMap::new();
    for group in groups(&chunks_at_positions, flops, group_flops) {
        let on_job = |meter: &Meter| update(meter, &table, &[]);
        let sums = work.run(&mut executor, group, &mut meter, on_job).await?;
        for (Variant { edge, at }, sums) in variants_of(group).zip(sums) {
            let value = finite(scale.value(&sums), || format!("edge {edge} at a position"))?;
            let effects = by_place.entry(graph.place(*edge));
            let effects = effects.or_insert_with(|| vec![0.0; pos]);
            if let Some(position) = at {
                effects[*position] = value - table.base();
            }
        }
        update(&meter, &table, &[])?;
    }
    let by_position = options.by_position.then(|| {
        let estimates = effects.and_then(|effects| effects.by_position(&scale));
        let mut by_position = estimates.unwrap_or(ByPosition {
            pos,
            estimates: Vec::new(),
            exact: Vec::new(),
        });
        let places = selection.strongest.iter().map(|edge| graph.place(*edge));
        let exact = places.filter_map(|place| Some((place, by_place.remove(&place)?)));
        by_position.exact = exact.collect();
        by_position
    });
    Ok(EdgeResult {
        table,
        by_position,
        check: Check::of(&errors, selection.others),
    })
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
    if options.scores == (Scores::EapIg { steps: 0 }) {
        return wrong("steps", "at least 1", "0");
    }
    Ok(())
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
fn positions(plan: &Plan) -> std::ops::Range<usize> {
    let windows = plan.parts.iter().map(|part| part.window);
    let all = windows.reduce(Window::with);
    all.map_or(0..0, |all| all.first..all.end())
}

/// The share of a sweep's work that may go into running prompts again, where memory does not hold the runs of all.
const RUNS_SHARE: f64 = 0.1;

/// Chunks that follow each other, so many together that they cost what is given; the last may cost less.
fn groups(
    chunks: &[Chunk],
    cost: impl Fn(&Chunk) -> f64,
    least: f64,
) -> impl Iterator<Item = &[Chunk]> {
    let mut rest = chunks;
    std::iter::from_fn(move || {
        let mut sum = 0.0;
        let more = rest.iter().take_while(|chunk| {
            let is_short = sum == 0.0 || sum < least;
            sum += cost(chunk);
            is_short
        });
        let (group, left) = rest.split_at(more.count());
        rest = left;
        (!group.is_empty()).then_some(group)
    })
}

fn variants_of(group: &[Chunk]) -> impl Iterator<Item = &Variant> {
    group.iter().flat_map(|chunk| &chunk.variants)
}

/// What jobs of a sweep share.
struct Work<'w> {
    pause: &'w dyn Pause,
    plan: &'w Plan,
    cost: &'w Cost<'w>,
    scale: &'w Scale,
}

impl Work<'_> {
    /// Some chunks on all prompts: what is kept of each variant, in the order of the chunks' variants. Where there are
    /// several parts, `on_job` hears of each job.
    async fn run(
        &self,
        executor: &mut impl Executor,
        group: &[Chunk],
        meter: &mut Meter,
        mut on_job: impl FnMut(&Meter) -> Result<()>,
    ) -> Result<Vec<Sums>> {
        let mut sums = vec![Sums::default(); variants_of(group).count()];
        for part in &self.plan.parts {
            self.pause.pause().await?;
            let mut rest = sums.iter_mut();
            for chunk in group {
                let done = executor.run(&chunk.on(part)).await?;
                for numbers in &done.values {
                    let sums = rest.next().expect("as many numbers as variants");
                    self.scale.add(sums, numbers, part.prompts.start);
                }
                let variants = chunk.variants.len() as f64;
                meter.work(variants * self.cost.of_variant_in(chunk.enter, part));
                if self.plan.parts.len() > 1 {
                    on_job(meter)?;
                }
            }
        }
        Ok(sums)
    }
}
