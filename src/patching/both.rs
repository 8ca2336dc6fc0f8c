//! The same of the clean and of the corrupted run.

use serde::Serialize;

use super::patch::Direction;

/// The same of the clean and of the corrupted run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Both<T> {
    /// On the clean prompt.
    pub clean: T,
    /// On the corrupted prompt.
    pub corrupted: T,
}

impl<T> Both<T> {
    /// What the base run and the other one give, by their names.
    pub(super) fn told(direction: Direction, base: T, other: T) -> Self {
        let (clean, corrupted) = match direction {
            Direction::Denoise => (other, base),
            Direction::Noise => (base, other),
        };
        Self { clean, corrupted }
    }

    /// The same made of each.
    pub(super) fn each<U>(&self, make: impl Fn(&T) -> U) -> Both<U> {
        Both {
            clean: make(&self.clean),
            corrupted: make(&self.corrupted),
        }
    }

    /// What the base run gives.
    pub(super) fn base(&self, direction: Direction) -> &T {
        match direction {
            Direction::Denoise => &self.corrupted,
            Direction::Noise => &self.clean,
        }
    }

    /// What the base run gives, and nothing else.
    pub(super) fn into_base(self, direction: Direction) -> T {
        match direction {
            Direction::Denoise => self.corrupted,
            Direction::Noise => self.clean,
        }
    }
}
