//! Which step who takes next: of those that are ready, and whose layer is one's own, the deepest, then the earliest.
//!
//! The deepest first, since a chunk that is nearly through is a result soon, and what waits is small.

use std::collections::VecDeque;

/// How many steps another worker has at most: the one that it is at, and one to go on with meanwhile.
pub(in crate::patching) const AT_HAND: usize = 2;

/// How many chunks are known ahead for each worker.
const AHEAD: usize = 8;

/// How many chunks are known beside the one that is waited for.
pub(in crate::patching) fn ahead(workers: usize) -> usize {
    AHEAD * workers
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
        let ready = chunks.iter_mut().enumerate().rev().filter(|(_, chunk)| {
            !chunk.is_taken && chunk.next <= holders.len() && holder(chunk.next) == worker
        });
        // The last of equals: the earliest.
        let (i, chunk) = ready.max_by_key(|(_, chunk)| chunk.next)?;
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
    fn the_deepest_step_comes_first_then_the_earliest() {
        let mut board = Board::new(&[0, 1, 0]);
        for enter in [0, 2, 2, 1] {
            board.add(enter);
        }
        let taken = |job, layer| Some(Taken { job, layer });
        assert_eq!(board.take(0), taken(1, 2));
        assert_eq!(board.take(0), taken(2, 2));
        assert_eq!(board.take(0), taken(0, 0));
        assert_eq!(board.take(0), None);
        assert_eq!(board.take(1), taken(3, 1));
        assert_eq!(board.take(1), None);
        board.done(2);
        // The metric is read by the first.
        assert_eq!(board.take(1), None);
        assert_eq!(board.take(0), taken(2, 3));
        board.done(2);
        assert!(!board.pop());
        for layer in [0, 1, 2, 3] {
            board.done(0);
            let holder = if layer == 0 { 1 } else { 0 };
            assert_eq!(
                board.take(holder),
                taken(0, layer + 1).filter(|_| layer < 3)
            );
        }
        assert!(board.pop());
        assert_eq!(board.end(), 4);
    }
}
