//! The page beside the model: how it was trained, and what was measured on it.

use std::fmt::Write;

use pathpatch::gpt2::Config;

use super::measure::Measured;
use crate::train::Recipe;

/// Edges that the page lists.
const N_EDGES: usize = 20;

/// The README's text.
pub fn readme(
    recipe: &Recipe,
    config: &Config,
    loss: f32,
    measured: &Measured,
) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# years-demo\n\nloss {loss} params {} {}\n\n prob diff {:.4} lowest {:?} clean {:.4} corrupted {:.4}\n",
        config.n_params(),
        recipe.in_words(),
        measured.prob_diff,
        measured.lowest,
        measured.clean,
        measured.corrupted
    );
    writeln!(text, "{:.2?}", measured.to_year)?;
    for edge in measured.edges.iter().take(N_EDGES) {
        writeln!(text, "| {} | {:+.2} |", edge.name, edge.value)?;
    }
    Ok(text)
}
