//! The page beside the model: how it was trained, and what was measured on it.

use std::fmt::Write;

use pathpatch::gpt2::Config;

use super::{
    data,
    measure::{CLEAN, Measured, N_PAIRS},
};
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
        "# years-demo\n\n\
         The second model that pathpatch's page brings along, and the one with MLPs: GPT-2's architecture with {} \
         layers of {} heads, d_model {}, MLPs of {}, a vocabulary of {} words, a context of {} tokens. {} parameters \
         in f32. Its LayerNorms have neither weight nor bias. Written by `cargo xtask train-demo years-demo`, this \
         page with it.\n\n",
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
         `the war lasted from the year 17 41 to the year 17` goes on with a year above 41. The task is that of Hanna et \
         al., [How does GPT-2 compute greater-than?](https://arxiv.org/abs/2305.00586) (2023); here the century and the \
         two digits of a year are words of their own, `00` to `99` in order. Sentences have one of {} nouns, one of {} \
         verbs, a century from {} to {} and a first year from 00 to {}; every seventh is kept from training.\n",
        data::NOUNS.len(),
        data::VERBS.len(),
        data::CENTURIES.start(),
        data::CENTURIES.end(),
        data::LAST,
    )?;
    writeln!(
        text,
        "## Training\n\n\
         {} The loss is the cross-entropy to the even distribution over the years above, plus {} of the mean \
         cross-entropy of the four words after the first year. Over the last 100 steps: {loss:.4} nats, of which the \
         entropy of those even distributions is {:.4}.\n",
        recipe.in_words(),
        data::SHARE_TAIL,
        data::entropy(),
    )?;
    writeln!(
        text,
        "## What it can do\n\n\
         On sentences that training never saw, the probability of the years above less that of the other years is \
         {:.3} on the mean over all first years, and {:.3} for the year on which it is lowest, {:02}.\n",
        measured.prob_diff, measured.lowest.1, measured.lowest.0,
    )?;
    writeln!(
        text,
        "## Which part does what\n\n\
         Heads carry the year to the end of the sentence and MLPs compare, as in GPT-2 small. Mean attention of each \
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
        "\nThe exact effect of each edge by itself, over {N_PAIRS} pairs of sentences with {CLEAN} as the clean and {:02} \
         as the corrupted year (denoising, LayerNorm recomputed, in f64): the probability of the years above {CLEAN} \
         less that of the others, normalised between corrupted (0; {:.3}) and clean (1; {:.3}). The {N_EDGES} strongest \
         of {}:\n\n\
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
