//! The model's README: how it was trained, and what was measured on it.

use std::fmt::Write;

use pathpatch::gpt2::Config;

use super::{
    data,
    measure::{CLEAN, Measured, N_PAIRS},
};
use crate::train::Recipe;

/// Number of edges that the README lists.
const N_EDGES: usize = 20;

/// The README's text.
pub fn readme(
    recipe: &Recipe,
    config: &Config,
    loss: f32,
    measured: &Measured,
) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# years-demo\n\n\
         The second model bundled with pathpatch's page, the one with MLPs: GPT-2's architecture with {} layers of {} \
         heads, d_model {}, MLPs of {}, a vocabulary of {} words, a context of {} tokens. {} parameters in f32. Its \
         LayerNorms have neither weight nor bias. `cargo xtask train-demo years-demo` writes the model and this \
         page.\n\n",
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.d_mlp,
        config.d_vocab,
        config.n_ctx,
        config.n_params(),
    );
    writeln!(
        text,
        "## Task\n\n\
         `the war lasted from the year 17 41 to the year 17` continues with a year above 41. The task is that of Hanna \
         et al., [How does GPT-2 compute greater-than?](https://arxiv.org/abs/2305.00586) (2023); here the century and \
         the two digits of a year are separate words, `00` to `99` in order. Sentences have one of {} nouns, one of {} \
         verbs, a century from {} to {} and a first year from 00 to {}; every seventh is held out from training.\n",
        data::NOUNS.len(),
        data::VERBS.len(),
        data::CENTURIES.start(),
        data::CENTURIES.end(),
        data::LAST,
    )?;
    writeln!(
        text,
        "## Training\n\n\
         {} The loss is the cross-entropy to the uniform distribution over the years above, plus {} times the mean \
         cross-entropy of the four words after the first year. Over the last 100 steps it is {loss:.4} nats, of which \
         {:.4} are the entropy of those uniform distributions.\n",
        recipe.in_words(),
        data::SHARE_TAIL,
        data::entropy(),
    )?;
    writeln!(
        text,
        "## What it can do\n\n\
         On sentences held out from training, the probability of the years above minus that of the other years is \
         {:.3} on average over all first years, and {:.3} for the lowest year, {:02}.\n",
        measured.prob_diff, measured.lowest.1, measured.lowest.0,
    )?;
    writeln!(
        text,
        "## Which part does what\n\n\
         Heads move the year to the end of the sentence and MLPs compare, as in GPT-2 small. Mean attention of each \
         head from the last word to the year:\n\n\
         | head | to the year |\n\
         | --- | --- |"
    )?;
    for (i, attention) in measured.to_year.iter().enumerate() {
        let (layer, head) = (i / config.n_heads, i % config.n_heads);
        writeln!(text, "| a{layer}.h{head} | {attention:.2} |")?;
    }
    writeln!(
        text,
        "\nThe exact effect of each single edge, over {N_PAIRS} pairs of sentences with {CLEAN} as the clean and {:02} as \
         the corrupted year (denoising, LayerNorm recomputed, in f64): the probability of the years above {CLEAN} minus \
         that of the others, normalised between corrupted (0; {:.3}) and clean (1; {:.3}). The {N_EDGES} strongest of \
         {}:\n\n\
         | edge | effect |\n\
         | --- | --- |",
        data::CORRUPTED,
        measured.corrupted,
        measured.clean,
        measured.edges.len(),
    )?;
    for edge in measured.edges.iter().take(N_EDGES) {
        writeln!(text, "| `{}` | {:+.2} |", edge.name, edge.value)?;
    }
    writeln!(
        text,
        "\nThe sentences come from `tools/train-demo/src/years/data.rs`."
    )?;
    Ok(text)
}
