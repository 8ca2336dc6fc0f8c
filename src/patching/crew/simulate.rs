//! How long a sweep would take with another number of workers, from how long its steps took.
//!
//! ```text
//! each worker takes steps as the board says, one after the other; nothing but steps takes time
//! ```
//!
//! Left out is what messages take, which is a thousandth of a step, that this worker hears of others only at its pauses,
//! and both runs and the estimates, which only the worker does that begins the sweep.

use std::collections::{HashMap, VecDeque};

use super::{
    board::{AT_HAND, Board, Taken, ahead},
    holders::holders,
    log::CrewEvent,
};
use crate::gpt2::Config;

/// Seconds that the steps of a sweep take so many workers, in a model of this shape.
pub fn simulate(config: &Config, steps: &[CrewEvent], workers: usize) -> f64 {
    let seconds = steps
        .iter()
        .map(|step| ((step.job, step.layer), step.ended - step.began));
    let seconds: HashMap<_, f64> = seconds.collect();
    // Where each chunk enters: at the first of its layers.
    let mut enters = HashMap::new();
    for step in steps {
        let first = enters.entry(step.job).or_insert(step.layer);
        *first = step.layer.min(*first);
    }
    let mut enters: Vec<(usize, usize)> = enters.into_iter().collect();
    enters.sort_unstable();
    let enters: Vec<usize> = enters.into_iter().map(|(_, layer)| layer).collect();
    let of_step = |job, layer| seconds.get(&(job, layer)).copied().unwrap_or(0.0);
    makespan(&holders(config, workers), &enters, &of_step)
}

/// When the last of some chunks is through: `enters` has the layer that each enters, `seconds` how long each takes in a layer.
fn makespan(holders: &[usize], enters: &[usize], seconds: &dyn Fn(usize, usize) -> f64) -> f64 {
    let workers = holders.iter().max().map_or(1, |most| most + 1);
    let mut board = Board::new(holders);
    let mut rest = enters.iter();
    let mut known = |board: &mut Board, n: usize| rest.by_ref().take(n).for_each(|l| board.add(*l));
    known(&mut board, ahead(workers, usize::MAX) + 1);
    // What each has at hand, and when it ends what it is at.
    let mut at_hand: Vec<VecDeque<(Taken, f64)>> = vec![VecDeque::new(); workers];
    let mut now = 0.0;
    loop {
        for (worker, steps) in at_hand.iter_mut().enumerate() {
            while steps.len() < if worker == 0 { 1 } else { AT_HAND } {
                let Some(taken) = board.take(worker) else {
                    break;
                };
                let begins = steps.back().map_or(now, |(_, ends)| *ends);
                steps.push_back((taken, begins + seconds(taken.job, taken.layer)));
            }
        }
        let first = at_hand.iter_mut().filter(|steps| !steps.is_empty());
        let next = first.min_by(|a, b| a[0].1.total_cmp(&b[0].1));
        let Some((taken, ends)) = next.and_then(VecDeque::pop_front) else {
            return now;
        };
        now = ends;
        board.done(taken.job);
        while board.pop() {
            known(&mut board, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_take_as_long_as_the_busiest_worker() {
        let one = |_, _| 1.0;
        // Each of 100 chunks takes three layers and the metric.
        assert_eq!(makespan(&[0, 0, 0], &[0; 100], &one), 400.0);
        let two = makespan(&[1, 0, 1], &[0; 100], &one);
        assert!((200.0..206.0).contains(&two), "{two}");
        assert_eq!(makespan(&[0, 1], &[], &one), 0.0);
        assert_eq!(makespan(&[0, 1], &[2], &one), 1.0);
    }

    #[test]
    fn later_chunks_fill_the_gaps() {
        let one = |_, _| 1.0;
        // The first worker does three steps of each chunk that enters early, and one of each that enters late; the other two
        // of each. Both have 64 steps, and one after the other the two kinds would take 80.
        let enters: Vec<usize> = [[0; 16], [2; 16]].concat();
        let took = makespan(&[0, 0, 1, 1], &enters, &one);
        assert!((64.0..69.0).contains(&took), "{took}");
    }
}
