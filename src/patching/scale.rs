//! The scale on which values are reported, and what is kept of an edge while its prompts are run.

use super::{both::Both, patch::Direction};
use crate::error::{Code, Error, Result};

/// From the metric as measured to the metric as reported: identity, or corrupted at 0 and clean at 1.
pub(super) struct Scale {
    zero: f32,
    /// What 1 on the scale is in the metric as measured.
    pub unit: f32,
    /// The base run's numbers, one per prompt, in the order of the plan's parts.
    base: Vec<f32>,
}

/// The means of two runs have to differ by more than this share of itself: what the rounding of single precision makes
/// of equal ones.
const ROUNDING: f32 = 64.0 * f32::EPSILON;

impl Scale {
    /// The scale from the numbers of both runs, one per prompt in the order of the plan's parts, and both runs on it.
    ///
    /// # Errors
    /// [`Code::Metric`] when a run's metric is not a finite number, or a normalised metric has nothing to normalise
    /// by.
    pub fn new(
        normalized: bool,
        numbers: Both<Vec<f32>>,
        direction: Direction,
    ) -> Result<(Both<f32>, Self)> {
        let of_clean = finite(mean(&numbers.clean), || "the clean run".into())?;
        let of_corrupted = finite(mean(&numbers.corrupted), || "the corrupted run".into())?;
        let (zero, unit) = match normalized {
            true => (of_corrupted, of_clean - of_corrupted),
            false => (0.0, 1.0),
        };
        if normalized && unit.abs() <= ROUNDING * of_clean.abs().max(of_corrupted.abs()) {
            return Err(Error::new(
                Code::Metric,
                "normalized metric",
                "clean and corrupted runs with different values",
                format!("{of_clean} and {of_corrupted}, equal up to rounding"),
            ));
        }
        let base = numbers.into_base(direction);
        let scale = Self { zero, unit, base };
        let both = Both {
            clean: scale.on_scale(of_clean),
            corrupted: scale.on_scale(of_corrupted),
        };
        Ok((both, scale))
    }

    fn on_scale(&self, mean: f32) -> f32 {
        (mean - self.zero) / self.unit
    }

    /// What a run's numbers come to.
    pub fn value(&self, run: &Sums) -> f32 {
        self.on_scale((run.values / run.prompts) as f32)
    }

    /// By how much the prompts differ in their change from the base run: the standard deviation, with
    /// one degree of freedom less than prompts; `None` for one prompt.
    pub fn std_dev(&self, run: &Sums) -> Option<f32> {
        if run.prompts < 2.0 {
            return None;
        }
        let squares = run.squares - run.changes * run.changes / run.prompts;
        let variance = squares.max(0.0) / (run.prompts - 1.0);
        Some((variance.sqrt() as f32) / self.unit.abs())
    }

    /// Add a patched run's numbers of the prompts from `first` on, in the order of the plan's parts.
    pub fn add(&self, run: &mut Sums, numbers: &[f32], first: usize) {
        for (number, base) in numbers.iter().zip(&self.base[first..]) {
            let change = f64::from(number - base);
            run.prompts += 1.0;
            run.values += f64::from(*number);
            run.changes += change;
            run.squares += change * change;
        }
    }
}

/// What is kept of an edge while its prompts are run, however many there are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    /// How many prompts have been added.
    prompts: f64,
    /// Sum of the metric's values.
    values: f64,
    /// Sum of the changes from the base run.
    changes: f64,
    /// Sum of the squares of these changes.
    squares: f64,
}

/// A value, if it is a number.
///
/// # Errors
/// [`Code::Metric`] for an infinity or no number: somewhere in the run of `whose` a number has overflowed.
pub(super) fn finite(value: f32, whose: impl FnOnce() -> String) -> Result<f32> {
    if value.is_finite() {
        return Ok(value);
    }
    let what = format!("metric of {}", whose());
    let expected = "a finite number (activations beyond the range of f32 give others)";
    Err(Error::new(Code::Metric, what, expected, value))
}

fn mean(numbers: &[f32]) -> f32 {
    let sum: f64 = numbers.iter().map(|x| f64::from(*x)).sum();
    (sum / numbers.len() as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_nothing_to_normalise_by() {
        let scale = |clean: f32, corrupted: f32| {
            let numbers = Both {
                clean: vec![clean],
                corrupted: vec![corrupted],
            };
            Scale::new(true, numbers, Direction::Denoise)
        };
        for (clean, corrupted) in [(1.0, 1.0), (3.0, 3.000_001), (0.0, 0.0), (-2e5, -2e5)] {
            let error = scale(clean, corrupted).err().unwrap();
            assert_eq!(error.code, Code::Metric, "{error}");
        }
        assert!(scale(3.0, 3.001).is_ok());
        assert!(scale(1e-20, 0.0).is_ok());
        for (clean, corrupted) in [(f32::NAN, 1.0), (1.0, f32::INFINITY)] {
            let error = scale(clean, corrupted).err().unwrap().to_string();
            assert!(error.contains("expected a finite number"), "{error}");
        }
    }

    #[test]
    fn sums_are_mean_and_deviation() {
        let numbers = Both {
            clean: vec![0.0],
            corrupted: vec![1.0, -2.0, 0.5, 4.0],
        };
        let (_, scale) = Scale::new(false, numbers, Direction::Denoise).unwrap();
        let mut run = Sums::default();
        scale.add(&mut run, &[2.0, 0.0], 0);
        scale.add(&mut run, &[0.5, 9.0], 2);
        // The changes are 1, 2, 0 and 5.
        assert_eq!(scale.value(&run), 11.5 / 4.0);
        assert!((scale.std_dev(&run).unwrap() - (14.0f32 / 3.0).sqrt()).abs() < 1e-6);
    }
}
