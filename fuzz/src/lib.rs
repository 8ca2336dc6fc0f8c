//! Fuzz targets: one function for each kind of file that pathpatch reads.
//!
//! A target reads bytes as if they came from a user's disk, and uses accepted input like a real program. It may refuse
//! the input; a panic, an abort, an unbounded allocation or a hang is a bug, and so is an accepted input that breaks an
//! invariant. `cargo xtask fuzz` runs the targets in a plain loop, on inputs that [`mutate`] makes from [`seeds`].
//! `cargo fuzz run config` and so on, on a nightly compiler, let libFuzzer search for inputs by coverage.
//!
//! If an input holds several files, a NUL byte separates them.

pub mod mutate;
pub mod seeds;

use std::collections::HashMap;

use pathpatch::{
    checkpoint::WEIGHTS,
    device::DeviceChoice,
    error::{Code, Result},
    gpt2::Config,
    loading::Loading,
    metric::MetricKind,
    pairs,
    patching::{Component, SweepOptions},
    pause::NoPause,
    session::{Answer, MetricRequest, PairRequest, Prompt, Session, SweepRequest},
    tokenizer::{FILES, Tokenizer},
};
use rand::SeedableRng;

/// Whether the input was accepted.
pub type Target = fn(&[u8]) -> bool;

/// A kind of input: a function that makes one, and the target that reads it.
pub struct Kind {
    /// Its name in `fuzz_targets`.
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

/// Reads a `config.json`, and begins to load a model of that shape.
pub fn config(data: &[u8]) -> bool {
    let Ok(config) = Config::from_json(data) else {
        return false;
    };
    assert!(config.n_params() > 0 && config.d_head * config.n_heads == config.d_model);
    pollster::block_on(Session::begin(data, None, DeviceChoice::Cpu)).is_ok()
}

/// Reads a `model.safetensors` for a model of [`seeds::CONFIG`].
pub fn safetensors(data: &[u8]) -> bool {
    let config = seeds::CONFIG.as_bytes();
    let whole = load(config, data, data.len()).is_ok();
    // Pieces of uneven sizes that depend only on the input.
    let pieces = load(config, data, data.len() % 13).is_ok();
    assert_eq!(whole, pieces, "accepted whole, accepted in pieces");
    whole
}

/// Reads a `model.safetensors.index.json` for a model of [`seeds::CONFIG`].
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

/// Reads a `tokenizer.json`, and tokenises texts with it.
pub fn tokenizer(data: &[u8]) -> bool {
    Tokenizer::from_json(data)
        .map(|read| use_tokenizer(&read))
        .is_ok()
}

/// Reads the files of a tokenizer, in the order of [`FILES`]; an empty one counts as missing.
pub fn tokenizer_files(data: &[u8]) -> bool {
    let all: [&[u8]; FILES.len()] = files(data);
    let present = FILES
        .into_iter()
        .zip(all)
        .filter(|(_, bytes)| !bytes.is_empty());
    let present: HashMap<String, Vec<u8>> = present
        .map(|(name, bytes)| (name.to_string(), bytes.to_vec()))
        .collect();
    match Tokenizer::from_files(&present) {
        Ok(Some(read)) => {
            use_tokenizer(&read);
            true
        }
        Ok(None) | Err(_) => false,
    }
}

thread_local! {
    /// A model whose tokens are the numbers 0 to 6, to tokenise the prompts of pairs.
    static NUMBERS: Session = numbers();
}

/// Reads a file of prompt pairs, and tokenises their prompts and answers.
pub fn pairs(data: &[u8]) -> bool {
    let Ok((pairs, _)) = pairs::parse(data) else {
        return false;
    };
    NUMBERS.with(|session| {
        let d_vocab = session.config().d_vocab;
        for pair in &pairs {
            // Mostly refused, since few words are numbers.
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

/// Reads a `config.json` and its `model.safetensors`, and runs sweeps on an accepted model.
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
    let found = tokenizer.complete("", 9, usize::MAX);
    assert!(found.len() <= 9 && found.iter().all(|token| !token.text.contains('\u{fffd}')));
}

/// Loads a session from a configuration and the bytes of one file, pushed in growing pieces.
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

/// Sweeps every source and component on a pair of prompts given as ids.
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
        // An error is fine here: a model with a short context or a small vocabulary refuses these prompts.
        let _ = pollster::block_on(swept);
    }
}

/// The files in an input; missing ones are empty.
fn files<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Run a target on the files named on the command line, such as those that cargo-fuzz found.
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
