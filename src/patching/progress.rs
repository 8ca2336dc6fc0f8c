//! How far a sweep is, how fast, and how good the estimates were so far.

use web_time::Instant;

/// How far a sweep is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Exact values that are there: one for each edge and, by position, one for each position of an edge.
    pub done: usize,
    /// Exact values that are asked for; 0 where only estimates are.
    pub total: usize,
    /// Exact values each second so far; 0 before the first.
    pub edges_per_second: f64,
    /// Seconds to the end, by the work that is left: edges into early layers cost more. `None` before any is
    /// done.
    pub seconds_left: Option<f64>,
    /// Floating-point operations done, of the products with weights: both runs of the prompts, runs between them for
    /// EAP-IG, then edges.
    pub flops: f64,
    /// Largest difference between estimate and exact value so far, in units of the metric; `None` where
    /// there are no estimates, or nothing else.
    pub max_estimate_error: Option<f32>,
}

/// Keeps the time and the work of a sweep.
pub(super) struct Meter {
    start: Instant,
    total: usize,
    total_flops: f64,
    done: usize,
    /// Operations of edges.
    flops: f64,
    /// Operations of the runs that came before the first edge.
    flops_before: f64,
    max_estimate_error: Option<f32>,
}

impl Meter {
    /// A sweep of so many exact values.
    pub fn new(total: usize) -> Self {
        Self {
            start: Instant::now(),
            total,
            total_flops: 0.0,
            done: 0,
            flops: 0.0,
            flops_before: 0.0,
            max_estimate_error: None,
        }
    }

    /// Say how many exact values there will be, and how many operations they take.
    pub fn plan(&mut self, total: usize, flops: f64) {
        self.total = total;
        self.total_flops = flops;
    }

    /// Estimates are there: track their errors from now on.
    pub fn has_estimates(&mut self) {
        self.max_estimate_error = Some(0.0);
    }

    /// Count the operations of runs before the edges; the clock of the edges starts anew.
    pub fn before(&mut self, flops: f64) {
        self.flops_before += flops;
        self.start = Instant::now();
    }

    /// Count work on edges that is done, in floating-point operations.
    pub fn work(&mut self, flops: f64) {
        self.flops += flops;
    }

    /// A value is done: record the error of its estimate, if it has one.
    pub fn exact(&mut self, error: Option<f32>) {
        self.done += 1;
        if let (Some(max), Some(error)) = (&mut self.max_estimate_error, error) {
            *max = max.max(error);
        }
    }

    pub fn progress(&self) -> Progress {
        let seconds = self.start.elapsed().as_secs_f64();
        let per_second = |amount: f64| if seconds > 0.0 { amount / seconds } else { 0.0 };
        let flops_per_second = per_second(self.flops);
        let left = (self.total_flops - self.flops).max(0.0);
        Progress {
            done: self.done,
            total: self.total,
            edges_per_second: per_second(self.done as f64),
            seconds_left: (flops_per_second > 0.0).then(|| left / flops_per_second),
            flops: self.flops_before + self.flops,
            max_estimate_error: self.max_estimate_error,
        }
    }
}
