//! Hostile input: one function for each kind of file that pathpatch reads.
//!
//! A target reads bytes as if they came from a user's disk, and uses what is accepted as a program would.
//! It may refuse them; a panic, an abort, an allocation without bounds or a hang is a bug, and so is an accepted
//! input that breaks an invariant. `cargo xtask fuzz` runs them in a plain loop, on inputs that [`mutate`] makes of
//! [`seeds`]; `cargo fuzz run config` and so on, on a nightly compiler, lets libFuzzer look for inputs by coverage.
//!
//! Several files in one input follow each other, with a NUL byte between two.

pub mod mutate;
pub mod seeds;

use std::collections::HashMap;

use pathpatch::{
    checkpoint::WEIGHTS,
    device::DeviceChoice,
    error::{Code, Result},
    gpt2::Config,
    metric::MetricKind,
    pairs,
    patching::{Component, SweepOptions},
    pause::NoPause,
    session::{Answer, Loading, MetricRequest, PairRequest, Prompt, Session, SweepRequest},
    tokenizer::{FILES, Tokenizer},
};
use rand::SeedableRng;

/// Whether the input was accepted.
pub type Target = fn(&[u8]) -> bool;

/// A kind of input: how one is made, and what reads it.
pub struct Kind {
    /// As `fuzz_targets` has it.
    pub name: &'static str,
    /// Makes an input.
    pub make: fn(&mut rand_chacha::ChaCha8Rng) -> Vec<u8>,
    /// Reads it.
    pub target: Target,
}

/// Every kind of file.
pub const KINDS: [Kind; 7] = [
    Kind {
        name: "config",
        make: seeds::config,
        target: config,
    },
    Kind {
        name: "safetensors",
        make: seeds::safetensors,
        target: safetensors,
    },
    Kind {
        name: "index",
        make: seeds::index,
        target: index,
    },
    Kind {
        name: "tokenizer",
        make: seeds::tokenizer,
        target: tokenizer,
    },
    Kind {
        name: "tokenizer_files",
        make: seeds::tokenizer_files,
        target: tokenizer_files,
    },
    Kind {
        name: "pairs",
        make: seeds::pairs,
        target: pairs,
    },
    Kind {
        name: "model",
        make: seeds::model,
        target: model,
    },
];

/// A `config.json`, and the loader of a model of that shape.
pub fn config(data: &[u8]) -> bool {
    let Ok(config) = Config::from_json(data) else {
        return false;
    };
    assert!(config.n_params() > 0 && config.d_head * config.n_heads == config.d_model);
    pollster::block_on(Session::begin(data, None, DeviceChoice::Cpu)).is_ok()
}

/// A `model.safetensors`, its header and what follows, for a model of [`seeds::CONFIG`].
pub fn safetensors(data: &[u8]) -> bool {
    let config = seeds::CONFIG.as_bytes();
    let whole = load(config, data, data.len()).is_ok();
    // Pieces of uneven sizes that depend on nothing but the input.
    let pieces = load(config, data, data.len() % 13).is_ok();
    assert_eq!(whole, pieces, "accepted whole, accepted in pieces");
    whole
}

/// A `model.safetensors.index.json` for a model of [`seeds::CONFIG`].
pub fn index(data: &[u8]) -> bool {
    let config = seeds::CONFIG.as_bytes();
    let loading = pollster::block_on(Session::begin(config, None, DeviceChoice::Cpu));
    let files = loading.and_then(|mut loading| loading.weights().files(data));
    let is_beside_it =
        |file: &String| file.ends_with(".safetensors") && !file.contains(['/', '\\']);
    files.is_ok_and(|files| {
        assert!(
            !files.is_empty() && files.iter().all(is_beside_it),
            "{files:?}"
        );
        true
    })
}

/// A `tokenizer.json`, and texts through it.
pub fn tokenizer(data: &[u8]) -> bool {
    Tokenizer::from_json(data)
        .map(|read| use_tokenizer(&read))
        .is_ok()
}

/// Every file that a tokenizer is read from, in the order of [`FILES`]; an empty one is not there.
pub fn tokenizer_files(data: &[u8]) -> bool {
    let all: [&[u8]; FILES.len()] = files(data);
    let there = FILES
        .into_iter()
        .zip(all)
        .filter(|(_, bytes)| !bytes.is_empty());
    let there: HashMap<String, Vec<u8>> = there
        .map(|(name, bytes)| (name.to_string(), bytes.to_vec()))
        .collect();
    match Tokenizer::from_files(&there) {
        Ok(Some(read)) => {
            use_tokenizer(&read);
            true
        }
        Ok(None) | Err(_) => false,
    }
}

thread_local! {
    /// A model whose tokens are the numbers from 0 to 6, which reads the prompts of pairs.
    static NUMBERS: Session = numbers();
}

/// A file of prompt pairs, and their prompts and answers as tokens.
pub fn pairs(data: &[u8]) -> bool {
    let Ok((pairs, _)) = pairs::parse(data) else {
        return false;
    };
    NUMBERS.with(|session| {
        let d_vocab = session.config().d_vocab;
        for pair in &pairs {
            // Refused in most cases: few words are numbers.
            if let Ok(read) = session.pair(pair, false) {
                let ids = [read.clean, read.corrupted, read.answers, read.distractors];
                assert!(ids.iter().flatten().all(|id| (*id as usize) < d_vocab));
            }
            if let Ok(tokens) = session.answer_tokens(&pair.answers, Code::Answer, "answer") {
                assert!(tokens.len() >= pair.answers.len());
            }
        }
    });
    true
}

fn numbers() -> Session {
    let tokenizer = Tokenizer::from_json(&seeds::numbers()).expect("a tokenizer of words");
    let config = seeds::CONFIG.as_bytes();
    let loading = Session::begin(config, Some(tokenizer), DeviceChoice::Cpu);
    let mut loading = pollster::block_on(loading).expect("a model's shape");
    let mut file = loading.weights().file(WEIGHTS);
    let weights = seeds::tiny_weights(&mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
    file.push(&weights).expect("the weights of that shape");
    file.end().expect("a whole file");
    loading.finish().expect("a model")
}

/// A `config.json` and its `model.safetensors`; a sweep of what is accepted.
pub fn model(data: &[u8]) -> bool {
    let [config, weights] = files(data);
    load(config, weights, 7).is_ok_and(|session| {
        sweep(&session);
        true
    })
}

fn use_tokenizer(tokenizer: &Tokenizer) {
    const TEXTS: [&str; 8] = [
        "",
        " ",
        "When Mary and John went to the store, John gave a drink to",
        " Mary",
        "ein Bär 🐻 und\u{0}\u{200b}\u{feff} nichts",
        "<|endoftext|><unk>[MASK] ##x ▁a",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "fox lamp river",
    ];
    for text in TEXTS {
        if let Ok(ids) = tokenizer.encode(text) {
            assert_eq!(tokenizer.describe(&ids).len(), ids.len());
        }
    }
    tokenizer.describe(&[0, 1, 2, 255, 50256, u32::MAX]);
}

/// A session from a configuration and the bytes of one file, which come in growing pieces.
fn load(config: &[u8], weights: &[u8], first_piece: usize) -> Result<Session> {
    let mut loading: Loading = pollster::block_on(Session::begin(config, None, DeviceChoice::Cpu))?;
    let mut file = loading.weights().file(WEIGHTS);
    let mut rest = weights;
    let mut size = first_piece.max(1);
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        file.push(piece)?;
        rest = after;
        size = size * 3 + 1;
    }
    file.end()?;
    loading.finish()
}

/// Every source and component on two prompts of ids.
fn sweep(session: &Session) {
    let last = session.config().d_vocab.min(1000) as u32 - 1;
    let pair = PairRequest {
        clean: Prompt::Ids(vec![0, last, 0]),
        corrupted: Prompt::Ids(vec![0, 0, 0]),
        answers: vec![Answer::Id(last)],
        distractors: vec![Answer::Id(0)],
    };
    for component in [Component::Q, Component::K, Component::V] {
        let request = SweepRequest {
            on: MetricRequest {
                pairs: vec![pair.clone()],
                metric: MetricKind::LogitDiff,
                position: None,
                prepend_bos: false,
            },
            component,
            source: None,
        };
        let swept = session.sweep(&request, SweepOptions::default(), &NoPause, |_| Ok(()));
        // Prompts that a model of this shape cannot have are refused, as they should be.
        let _ = pollster::block_on(swept);
    }
}

/// The parts of an input, the missing ones empty.
fn files<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Give a target the files that are named on the command line, as after a run of cargo-fuzz.
///
/// # Panics
/// If the target panics, or if a file cannot be read.
pub fn replay(target: Target) {
    for path in std::env::args_os().skip(1) {
        let data = std::fs::read(&path).expect("a file that can be read");
        let outcome = if target(&data) { "accepted" } else { "refused" };
        println!("{}: {outcome}", path.display());
    }
}
