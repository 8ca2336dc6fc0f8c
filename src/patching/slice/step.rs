//! How much of the work on a slice is one step.

use std::ops::Range;

use super::base::Slice;

impl Slice<'_> {
    /// Of how many heads the scores of all rows fit a step `copies` times, and, where those of one do not, of how many
    /// rows of one; at least one of each.
    pub fn scores_in_a_step(&self, heads: usize, copies: usize) -> [usize; 2] {
        let rows = self.window.rows;
        let of_query = self.window.end().saturating_mul(copies);
        let floats = self.floats_of_step();
        let together = floats / of_query.saturating_mul(rows);
        let each = floats / of_query;
        [together.clamp(1, heads), each.clamp(1, rows)]
    }

    /// Numbers that the rows of a step hold at their widest.
    pub fn floats_of_step(&self) -> usize {
        let config = &self.model.config;
        self.steps.rows * (4 * config.d_model + config.d_mlp)
    }

    /// All rows, at most so many at a time but at least one: rows of one prompt, or whole prompts.
    pub fn rectangles(&self, most: usize) -> Vec<Range<usize>> {
        let (rows, batch) = (self.window.rows, self.batch);
        let (each, within) = match most / rows {
            0 => (rows, most.max(1)),
            prompts => (prompts * rows, prompts * rows),
        };
        let mut all = Vec::new();
        for start in (0..batch * rows).step_by(each) {
            let end = (start + each).min(batch * rows);
            all.extend((start..end).step_by(within).map(|s| s..end.min(s + within)));
        }
        all
    }
}
