//! The arguments, and the prompt pairs they describe.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use pathpatch::{
    directory::read,
    error::Result,
    session::{Answer, PairRequest, Prompt},
};

use super::pairs;

/// Direct path patching on GPT-2: which attention head talks to which.
#[derive(Parser)]
#[command(version, about)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Patch the direct paths between heads and print the grid of results as JSON
    Sweep(Box<SweepArgs>),
    /// Print a model's configuration and its number of parameters
    Inspect(InspectArgs),
}

#[derive(ClapArgs)]
pub struct InspectArgs {
    /// Directory with config.json
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
}

#[derive(ClapArgs)]
#[command(group = clap::ArgGroup::new("input").required(true).args(["clean", "clean_ids", "pairs"]))]
pub struct SweepArgs {
    /// Directory with config.json, model.safetensors and, for prompts as text, tokenizer.json
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// The clean prompt
    #[arg(long, value_name = "TEXT", requires = "corrupted")]
    clean: Option<String>,
    /// The corrupted prompt, of as many tokens
    #[arg(long, value_name = "TEXT", requires = "clean")]
    corrupted: Option<String>,
    /// The right next token of the clean prompt
    #[arg(long, value_name = "TEXT", conflicts_with = "answer_id")]
    answer: Option<String>,
    /// The token it is compared with
    #[arg(long, value_name = "TEXT", conflicts_with = "distractor_id")]
    distractor: Option<String>,

    /// The clean prompt as token ids; nothing is prepended
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        requires = "corrupted_ids"
    )]
    clean_ids: Option<Vec<u32>>,
    /// The corrupted prompt as token ids
    #[arg(
        long,
        value_name = "IDS",
        value_delimiter = ',',
        requires = "clean_ids"
    )]
    corrupted_ids: Option<Vec<u32>>,
    /// The answer as a token id
    #[arg(long, value_name = "ID")]
    answer_id: Option<u32>,
    /// The distractor as a token id
    #[arg(long, value_name = "ID")]
    distractor_id: Option<u32>,

    /// A batch: JSON lines, each an object with the fields clean, corrupted, answer and distractor, or
    /// clean_ids, corrupted_ids, answer_id and distractor_id
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["answer", "answer_id", "distractor", "distractor_id"]
    )]
    pairs: Option<PathBuf>,

    /// The input of the destination heads that is patched: q, k or v
    #[arg(long)]
    pub component: String,
    /// Only this source head, as LAYER.HEAD; otherwise every head
    #[arg(long, value_name = "L.H")]
    pub source: Option<String>,
    /// logit-diff, normalized-logit-diff, log-prob, prob or kl
    #[arg(long, default_value = "logit-diff")]
    pub metric: String,
    /// The position at which the metric reads; the last one by default
    #[arg(long, value_name = "POS")]
    pub position: Option<usize>,
    /// Do not prepend the model's beginning-of-text token to texts
    #[arg(long)]
    pub no_bos: bool,
    /// What the destination's LayerNorm does about the patch: frozen or exact
    #[arg(long, default_value = "frozen")]
    pub layer_norm: String,
    /// auto, cpu or webgpu
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Write the JSON here; to standard output otherwise
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl SweepArgs {
    /// The prompt pairs that the arguments give or point to.
    ///
    /// # Errors
    /// When the file of pairs cannot be read.
    pub fn pairs(&self) -> Result<Vec<PairRequest>> {
        if let Some(path) = &self.pairs {
            return pairs::parse(&read(path)?);
        }
        let text = |t: &Option<String>| t.clone().map(Prompt::Text);
        let ids = |i: &Option<Vec<u32>>| i.clone().map(Prompt::Ids);
        let answer = |text: &Option<String>, id: Option<u32>| {
            text.clone().map(Answer::Text).or(id.map(Answer::Id))
        };
        let clean = text(&self.clean).or(ids(&self.clean_ids));
        let corrupted = text(&self.corrupted).or(ids(&self.corrupted_ids));
        // clap's groups leave no other case than both.
        let pair = clean.zip(corrupted).map(|(clean, corrupted)| PairRequest {
            clean,
            corrupted,
            answer: answer(&self.answer, self.answer_id),
            distractor: answer(&self.distractor, self.distractor_id),
        });
        Ok(pair.into_iter().collect())
    }
}
