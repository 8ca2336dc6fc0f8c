//! What the bundled models must show, measured on prompts that were not in training.

use std::path::{Path, PathBuf};

use burn::tensor::Tensor;
use pathpatch::{
    patching::{Component, LayerNorm, SweepOptions},
    prompt::Batch,
    tokenizer::Tokenizer,
};
use train_demo::{
    graph::{Edge, Plain, softmax},
    ioi,
    predict::{last_logits, pair_of},
    years::{
        self,
        data::{LAST, Vocabulary},
    },
};

use crate::common::{demo, model, read, run_pairs, sweep_all_within};

fn years_demo() -> PathBuf {
    demo().with_file_name("years-demo")
}

#[test]
fn the_bundled_model_shows_a_textbook_induction_circuit() {
    let measured = ioi::measure::measure(&model(demo())).unwrap();
    assert!(measured.ioi_accuracy >= 0.95, "{}", measured.ioi_accuracy);
    assert!(
        measured.pairs_accuracy >= 0.95,
        "{}",
        measured.pairs_accuracy
    );
    let [q, k, v] = &measured.edges;
    let strongest = &k[0];
    assert!(strongest.effect >= 0.2, "{}", strongest.effect);
    assert!(measured.to_previous[strongest.src] > 0.5);
    assert!(measured.to_successor[strongest.dst] > 0.5);
    // The circuit runs through keys.
    assert!(q[0].effect.abs() < strongest.effect);
    assert!(v[0].effect.abs() < strongest.effect);
}

/// A head reads the year through its values and passes it to an MLP, and MLPs raise the later years: a small version of
/// the circuit of Hanna et al. (2023). Effects are normalised between corrupted (0) and clean (1).
#[test]
fn years_demo_moves_the_year_with_heads_and_compares_it_in_mlps() {
    let measured = years::measure::measure(&model(years_demo())).unwrap();
    assert!(measured.prob_diff >= 0.95, "{}", measured.prob_diff);
    assert!(measured.lowest.1 >= 0.9, "{:?}", measured.lowest);
    assert!(measured.clean >= 0.9, "{}", measured.clean);
    assert!(measured.corrupted < 0.3, "{}", measured.corrupted);

    let is_head = |name: &str| name.starts_with('a') && name != "logits";
    let strongest = |is_wanted: &dyn Fn(&str, &str) -> bool| -> f64 {
        let wanted = |edge: &&Edge| {
            let (from, to) = edge.name.split_once("->").unwrap();
            is_wanted(from, to)
        };
        let values = measured.edges.iter().filter(wanted).map(|e| e.value.abs());
        values.fold(0.0, f64::max)
    };
    assert!(strongest(&|from, to| from == "m0" && to == "logits") > 0.4);
    assert!(strongest(&|from, to| from == "m1" && to == "logits") > 0.4);
    assert!(strongest(&|from, to| is_head(from) && to.starts_with('m')) > 0.4);
    assert!(strongest(&|from, to| from == "input" && to.ends_with("<v>")) > 0.4);
    assert!(strongest(&|from, to| is_head(from) && is_head(to)) < 0.1);
    // The head that reads the year attends to it.
    assert!(measured.to_year.iter().any(|attention| *attention > 0.9));
}

/// The plain f64 pass that the README's figures come from agrees with the library: probabilities, and every edge between
/// heads.
#[test]
fn the_plain_pass_agrees_with_the_library() {
    let model = model(years_demo());
    let plain = Plain::new(&model);
    let vocabulary = Vocabulary::default();
    let [clean, corrupted] = years::measure::pairs(&vocabulary).remove(0);

    let logits = last_logits(&model, [clean.clone()].into_iter()).unwrap();
    // Loading centres the unembedding over the vocabulary, which shifts all logits equally.
    let logits: Vec<f64> = logits[0].iter().copied().map(f64::from).collect();
    let probabilities = softmax(&plain.logits(&clean));
    for (a, b) in softmax(&logits).into_iter().zip(probabilities) {
        assert!((a - b).abs() < 1e-6, "{a}, {b}");
    }

    let (above, below) = (vocabulary.first_year() + 70, vocabulary.first_year() + 20);
    let edges = plain.edges(&clean, &corrupted, &|logits| logits[above] - logits[below]);
    let last = clean.len() - 1;
    let logit_diff = |logits: Tensor<3>| -> Tensor<1> {
        let [batch, _, d_vocab] = logits.dims();
        let logits = logits.narrow(1, last, 1).reshape([batch, d_vocab]);
        let of = |token| logits.clone().narrow(1, token, 1);
        (of(above) - of(below)).mean()
    };
    let mut pair = pair_of(clean);
    pair.corrupted = corrupted;
    let batch = Batch::new(vec![pair], None, &model.config).unwrap();
    let runs = run_pairs(&model, &batch);
    let options = SweepOptions {
        layer_norm: LayerNorm::Exact,
        ..SweepOptions::default()
    };
    let n_heads = model.config.n_heads;
    let mut compared = 0;
    for component in [Component::Q, Component::K, Component::V] {
        let grid = sweep_all_within(&runs, &logit_diff, component, options);
        let letter = format!("{component:?}").to_lowercase();
        for (i, value) in grid.values.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
            let all = n_heads * model.config.n_layers;
            let head = |i: usize| format!("a{}.h{}", i / n_heads, i % n_heads);
            let name = format!("{}->{}<{letter}>", head(i / all), head(i % all));
            let edge = edges.iter().find(|edge| edge.name == name).unwrap();
            let difference = (f64::from(*value) - edge.value).abs();
            assert!(difference < 1e-4, "{name}: {value}, {}", edge.value);
            compared += 1;
        }
    }
    assert_eq!(compared, 3 * n_heads * n_heads);
}

#[test]
fn every_word_of_years_demo_is_one_token_and_years_are_in_order() {
    let tokenizer = Tokenizer::from_json(&read(years_demo().join("tokenizer.json"))).unwrap();
    let vocabulary = Vocabulary::default();
    // The second word is the unknown token, which no text contains.
    let words = vocabulary.words.iter().enumerate();
    for (id, word) in words.filter(|(id, _)| *id != 1) {
        assert_eq!(tokenizer.encode(word).unwrap(), [id as u32], "{word}");
    }
    for year in 0..=LAST + 1 {
        let id = tokenizer.encode(&format!("{year:02}")).unwrap();
        assert_eq!(id, [(vocabulary.first_year() + year) as u32]);
    }
    for [clean, corrupted] in years::measure::pairs(&vocabulary) {
        let differing = clean.iter().zip(&corrupted).filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 1);
        let words: Vec<&str> = clean[1..]
            .iter()
            .map(|id| vocabulary.words[*id as usize].as_str())
            .collect();
        assert_eq!(tokenizer.encode(&words.join(" ")).unwrap(), clean[1..]);
    }
}

/// The bytes that a visitor downloads for each model.
#[test]
fn the_files_are_small() {
    let size = |directory: &Path| -> u64 {
        let files = std::fs::read_dir(directory).unwrap();
        files.map(|f| f.unwrap().metadata().unwrap().len()).sum()
    };
    assert!(size(&demo()) <= 4 << 20, "{} bytes", size(&demo()));
    assert!(
        size(&years_demo()) <= 1_000_000,
        "{} bytes",
        size(&years_demo())
    );
}
