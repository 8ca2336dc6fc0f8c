//! The model's README: how it was trained, and what was measured on it.

use std::fmt::Write;

use pathpatch::gpt2::Config;

use super::{
    data::{self, SHARE_PAIRS},
    measure::{Edge, Measured},
};
use crate::train::Recipe;

/// The README's text.
pub fn readme(
    recipe: &Recipe,
    config: &Config,
    loss: f32,
    measured: &Measured,
) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "# ioi-demo\n\n\
         The model that pathpatch's page opens on: GPT-2's architecture with {} layers of {} heads, d_model \
         {}, a vocabulary of {} words, a context of {} tokens. {} parameters in f32. Its MLPs are fixed \
         at zero and its LayerNorms have neither weight nor bias, which makes it attention-only in GPT-2's \
         layout. `cargo xtask train-demo ioi-demo` writes the model and this page.\n\n",
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.d_vocab,
        config.n_ctx,
        config.n_params(),
    );
    writeln!(
        text,
        "## Training\n\n\
         {} {:.0}% of the sequences are pairs (distinct words, then shuffled pairs of neighbours from among \
         them; loss on the second word of each pair), the rest sentences for indirect object \
         identification (loss on the last word). Cross-entropy over the last 100 steps: {loss:.4} nats.\n",
        recipe.in_words(),
        SHARE_PAIRS * 100.0,
    )?;
    writeln!(
        text,
        "## What it can do\n\n\
         On prompts that were not in training (IOI: name pairs held out), the indirect object is preferred in \
         {:.1}% of IOI prompts, and a pair's second word is the most likely one in {:.1}%.\n",
        measured.ioi_accuracy * 100.0,
        measured.pairs_accuracy * 100.0,
    )?;
    let name = |head: usize| format!("{}.{}", head / config.n_heads, head % config.n_heads);
    writeln!(
        text,
        "## Which head does what\n\n\
         Mean attention on induction prompts (pairs, cut before a second word): from each word to the \
         previous position, and from the last word to the word after its earlier occurrence.\n\n\
         | head | to the previous position | to the word after the earlier occurrence |\n\
         | --- | --- | --- |"
    )?;
    let heads = measured.to_previous.iter().zip(&measured.to_successor);
    for (head, (previous, successor)) in heads.enumerate() {
        writeln!(text, "| {} | {previous:.2} | {successor:.2} |", name(head))?;
    }
    writeln!(
        text,
        "\nMean effect of the direct paths on the same prompts, the logit difference normalised between \
         corrupted (0: the earlier occurrence replaced by another word) and clean (1), strongest first:\n\n\
         | component | edges |\n| --- | --- |"
    )?;
    for (component, edges) in ["q", "k", "v"].iter().zip(&measured.edges) {
        let edge = |e: &Edge| format!("{} to {} {:+.2}", name(e.src), name(e.dst), e.effect);
        let edges: Vec<String> = edges.iter().take(6).map(edge).collect();
        writeln!(text, "| {component} | {} |", edges.join(", "))?;
    }
    writeln!(
        text,
        "\nThe sequences come from `tools/train-demo/src/ioi/data.rs`, at most {} tokens long.",
        data::N_CTX
    )?;
    Ok(text)
}
