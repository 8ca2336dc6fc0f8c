//! Which step a worker takes next: of the chunks whose next layer it holds, the earliest one's.
//!
//! Results are wanted in the order of the chunks. What comes later fills the gaps: the first chunks of a sweep enter at all
//! layers, the last ones at the last layers, so that at its end those who hold these have the most to do.

use std::collections::VecDeque;

/// How many steps another worker has at most: the one that it is at, and one to go on with meanwhile.
pub(in crate::patching) const AT_HAND: usize = 2;

/// How many chunks are known beside the one that is waited for, at most. With fewer, workers have nothing to fill gaps with;
/// more take more memory. By simulation, two, four and eight workers of GPT-2 small are 1.89, 3.19 and 4.10 times as fast as
/// one with 16; with 32 it is 1.92, 3.25 and 4.31; with 64 it is 1.96, 3.34 and 4.31.
const MOST: usize = 32;

/// How many chunks are known beside the one that is waited for, if memory holds so many: two for each worker in any case.
pub(in crate::patching) fn ahead(workers: usize, fits: usize) -> usize {
    fits.min(MOST).max(2 * workers)
}

/// Where chunks are.
#[derive(Debug)]
pub(in crate::patching) struct Board {
    /// Who holds each layer.
    holders: Vec<usize>,
    /// The number of the first chunk.
    first: usize,
    chunks: VecDeque<Place>,
}

#[derive(Debug)]
struct Place {
    /// The layer that comes next; that after the last is the metric.
    next: usize,
    /// Whether somebody is at it.
    is_taken: bool,
}

/// A step that somebody takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::patching) struct Taken {
    pub job: usize,
    pub layer: usize,
}

impl Board {
    pub fn new(holders: &[usize]) -> Self {
        Self {
            holders: holders.to_vec(),
            first: 0,
            chunks: VecDeque::new(),
        }
    }

    /// The number of the next chunk.
    pub fn end(&self) -> usize {
        self.first + self.chunks.len()
    }

    /// Put up a chunk that enters at a layer.
    pub fn add(&mut self, enter: usize) {
        self.chunks.push_back(Place {
            next: enter,
            is_taken: false,
        });
    }

    /// The step that a worker takes now.
    pub fn take(&mut self, worker: usize) -> Option<Taken> {
        let Self {
            holders,
            first,
            chunks,
        } = self;
        let holder = |next: usize| holders.get(next).copied().unwrap_or(0);
        let (i, chunk) = chunks.iter_mut().enumerate().find(|(_, chunk)| {
            !chunk.is_taken && chunk.next <= holders.len() && holder(chunk.next) == worker
        })?;
        chunk.is_taken = true;
        Some(Taken {
            job: *first + i,
            layer: chunk.next,
        })
    }

    /// A step is done.
    pub fn done(&mut self, job: usize) {
        let chunk = &mut self.chunks[job - self.first];
        chunk.is_taken = false;
        chunk.next += 1;
    }

    /// Take down the first chunk, if it has come through.
    pub fn pop(&mut self) -> bool {
        let is_through = |chunk: &Place| chunk.next > self.holders.len();
        let has_first = self.chunks.front().is_some_and(is_through);
        if has_first {
            self.chunks.pop_front();
            self.first += 1;
        }
        has_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_limits_how_many_chunks_are_known() {
        assert_eq!(ahead(2, usize::MAX), MOST);
        assert_eq!(ahead(2, 10), 10);
        assert_eq!(ahead(8, 10), 16);
        assert_eq!(ahead(20, usize::MAX), 40);
    }

    #[test]
    fn the_earliest_step_comes_first_and_later_ones_fill_gaps() {
        let mut board = Board::new(&[0, 1, 0]);
        for enter in [0, 2, 2, 1] {
            board.add(enter);
        }
        let taken = |job, layer| Some(Taken { job, layer });
        assert_eq!(board.take(0), taken(0, 0));
        assert_eq!(board.take(1), taken(3, 1));
        assert_eq!(board.take(1), None);
        board.done(0);
        // Until the other worker has done the first chunk's next layer there is time for the second.
        assert_eq!(board.take(0), taken(1, 2));
        assert_eq!(board.take(1), taken(0, 1));
        board.done(0);
        board.done(1);
        assert_eq!(board.take(0), taken(0, 2));
        assert_eq!(board.take(0), taken(1, 3));
        board.done(0);
        // The metric is read by the first.
        assert_eq!(board.take(1), None);
        assert_eq!(board.take(0), taken(0, 3));
        assert!(!board.pop());
        board.done(0);
        assert!(board.pop());
        assert_eq!(board.end(), 4);
    }
}
