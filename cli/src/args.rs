//! The arguments, and the prompt pairs they describe.

use std::{path::PathBuf, str::FromStr};

use clap::{
    Args as ClapArgs, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use pathpatch::{
    device::{DeviceChoice, LoadOptions, WeightType},
    directory::read,
    error::{Code, Error, Result, Warning},
    metric::MetricKind,
    pairs,
    patching::{Component, Direction, EdgeOptions, Head, LayerNorm, Replacement, Scores},
    session::{Answer, MetricRequest, PairRequest, Prompt},
};

use crate::graph::out_file::OutFile;

/// One of a few words, which `--help` lists.
fn words<T>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = Error> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

/// Path patching on GPT-2: what each edge does, between heads or in the whole graph from the embedding to the logits.
#[derive(Parser)]
#[command(name = "pathpatch", version, about)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Patch the direct paths between heads and print the grid of results as JSON
    Sweep(Box<SweepArgs>),
    /// Patch every edge of the graph, from the embedding to the logits, and write it as EAP-IG's JSON or otherwise
    Graph(Box<GraphArgs>),
    /// Print a model's configuration and its number of parameters
    Inspect(InspectArgs),
}

#[derive(ClapArgs)]
pub struct InspectArgs {
    /// Directory with config.json
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
}

/// The model, the prompts and what is measured on them.
#[derive(ClapArgs)]
#[command(group = clap::ArgGroup::new("input").required(true).args(["clean", "clean_ids", "pairs"]))]
pub struct RunArgs {
    /// Directory with config.json, model.safetensors and, for prompts as text, the tokenizer's files
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,

    /// The clean prompt
    #[arg(
        long,
        value_name = "TEXT",
        requires = "corrupted",
        allow_hyphen_values = true
    )]
    clean: Option<String>,
    /// The corrupted prompt, of as many tokens
    #[arg(
        long,
        value_name = "TEXT",
        requires = "clean",
        allow_hyphen_values = true
    )]
    corrupted: Option<String>,
    /// The right next token of the clean prompt; given several times, or as `41|42` or `42..99`, a set of tokens
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "answer_id",
        allow_hyphen_values = true
    )]
    answer: Vec<String>,
    /// The token it is compared with; several likewise
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with = "distractor_id",
        allow_hyphen_values = true
    )]
    distractor: Vec<String>,

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
    /// The answer as a token id, or several of them
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    answer_id: Vec<u32>,
    /// The distractor likewise
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    distractor_id: Vec<u32>,

    /// A batch: JSON Lines or a JSON array of objects with the fields clean, corrupted, answer and distractor, each
    /// text or token ids, answer and distractor also arrays of those
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["answer", "answer_id", "distractor", "distractor_id"]
    )]
    pairs: Option<PathBuf>,

    /// What is measured on the logits
    #[arg(
        long,
        default_value = "logit-diff",
        value_parser = words::<MetricKind>(MetricKind::ALL.map(|(_, name)| name))
    )]
    pub metric: MetricKind,
    /// The position at which the metric reads, counted from the first token (the beginning-of-text token where it is
    /// prepended); a negative one counts from the end, the last token being -1, which is the default
    #[arg(long, value_name = "POS", allow_negative_numbers = true)]
    pub position: Option<i64>,
    /// Do not prepend the model's beginning-of-text token to texts
    #[arg(long)]
    pub no_bos: bool,
    /// Where it is computed
    #[arg(
        long,
        default_value = "auto",
        value_parser = words::<DeviceChoice>(["auto", "cpu", "webgpu"])
    )]
    pub device: DeviceChoice,
    /// How a GPU stores the weights: f16 takes half the memory and rounds each by up to 1 part in 2,048
    #[arg(
        long,
        default_value = "f32",
        value_parser = words::<WeightType>(["f32", "f16"])
    )]
    pub weights: WeightType,
}

impl RunArgs {
    /// How to load the model.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            device: self.device,
            weights: self.weights,
            ..LoadOptions::default()
        }
    }
}

#[derive(ClapArgs)]
pub struct SweepArgs {
    #[command(flatten)]
    pub on: RunArgs,
    /// The input of the destination heads that is patched
    #[arg(long, value_parser = words::<Component>(["q", "k", "v"]))]
    pub component: Component,
    /// Only this source head, as LAYER.HEAD; otherwise every head
    #[arg(long, value_name = "L.H", value_parser = Head::from_str)]
    pub source: Option<Head>,
    /// What the destination's LayerNorm does about the patch
    #[arg(long, default_value = "frozen", value_parser = words::<LayerNorm>(["frozen", "exact"]))]
    pub layer_norm: LayerNorm,
    /// Write the JSON here; to standard output otherwise
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(ClapArgs)]
pub struct GraphArgs {
    #[command(flatten)]
    pub on: RunArgs,
    /// Which run is the base: denoise patches the clean write into the corrupted run, noise the corrupted one into the
    /// clean run
    #[arg(long, default_value = "denoise", value_parser = words::<Direction>(["denoise", "noise"]))]
    pub direction: Direction,
    /// What goes in: the write on the other prompt of the pair, its mean over the pairs at each position, or zero
    #[arg(
        long,
        default_value = "resample",
        value_parser = words::<Replacement>(["resample", "mean", "zero"])
    )]
    pub patch: Replacement,
    /// What the receiver's LayerNorm does about the patch
    #[arg(long, default_value = "exact", value_parser = words::<LayerNorm>(["exact", "frozen"]))]
    pub layer_norm: LayerNorm,
    /// How the numbers are made: each edge run by itself, estimated with the receiver's attention exact, or by
    /// attribution as in EAP and EAP-IG
    #[arg(long, default_value = "exact", value_parser = ["exact", "estimate", "eap", "eap-ig"])]
    scores: String,
    /// Runs over which EAP-IG averages the gradient; 5 by default
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Mark so many edges, the largest by size, as the circuit; with exact scores, compute only theirs and those of some
    /// others (--checked), which tell how far the rest may be off
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub strongest: Option<u32>,
    /// With --strongest and exact scores, how many of the other edges are run as well, chosen at random; 300 by default
    #[arg(long, value_name = "N", requires = "strongest")]
    checked: Option<u32>,
    /// Tell what patching each position by itself does too: with exact scores that is a run for each edge and position
    #[arg(long)]
    pub by_position: bool,
    /// Write a file, by the end of its name EAP-IG's JSON (.json), a NumPy matrix (.npy), a GraphViz drawing (.dot) or
    /// a table (.csv); JSON to standard output otherwise
    #[arg(long, value_name = "FILE")]
    pub out: Option<OutFile>,
}

impl GraphArgs {
    /// How the numbers are made.
    ///
    /// # Errors
    /// [`Code::Option`] for steps that nothing uses, or for too few or too many.
    pub fn scores(&self) -> Result<Scores> {
        if let Some(steps) = self.steps
            && self.scores != "eap-ig"
        {
            let expected = "--scores eap-ig beside it";
            let got = format!("{steps} with --scores {}", self.scores);
            return Err(Error::new(Code::Option, "steps", expected, got));
        }
        Scores::of_name(&self.scores, self.steps)
    }

    /// How many edges beside the strongest are run.
    ///
    /// # Errors
    /// [`Code::Option`] where none are, as these scores are all estimates.
    pub fn checked(&self, scores: Scores) -> Result<usize> {
        let Some(checked) = self.checked else {
            return Ok(EdgeOptions::default().checked);
        };
        if scores != Scores::Exact {
            let got = scores.as_str();
            return Err(Error::new(Code::Option, "checked", "exact scores", got));
        }
        Ok(checked as usize)
    }
}

impl RunArgs {
    /// The prompts and the metric that the arguments give or point to, and what to say of their file.
    ///
    /// # Errors
    /// When the file of pairs cannot be read.
    pub fn request(&self) -> Result<(MetricRequest, Vec<Warning>)> {
        let (pairs, warnings) = self.pairs()?;
        let request = MetricRequest {
            pairs,
            metric: self.metric,
            position: self.position,
            prepend_bos: !self.no_bos,
        };
        Ok((request, warnings))
    }

    fn pairs(&self) -> Result<(Vec<PairRequest>, Vec<Warning>)> {
        if let Some(path) = &self.pairs {
            return pairs::parse(&read(path)?);
        }
        let text = |t: &Option<String>| t.clone().map(Prompt::Text);
        let ids = |i: &Option<Vec<u32>>| i.clone().map(Prompt::Ids);
        let answers = |texts: &[String], ids: &[u32]| {
            let texts = texts.iter().cloned().map(Answer::Text);
            texts.chain(ids.iter().copied().map(Answer::Id)).collect()
        };
        let clean = text(&self.clean).or(ids(&self.clean_ids));
        let corrupted = text(&self.corrupted).or(ids(&self.corrupted_ids));
        // clap's groups leave no other case than both.
        let pair = clean.zip(corrupted).map(|(clean, corrupted)| PairRequest {
            clean,
            corrupted,
            answers: answers(&self.answer, &self.answer_id),
            distractors: answers(&self.distractor, &self.distractor_id),
        });
        Ok((pair.into_iter().collect(), Vec::new()))
    }
}
