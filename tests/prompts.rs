//! Prompt pairs that do not fit each other or the model, and words that a tokenizer does not know.

use pathpatch::{
    error::{Code, Error},
    gpt2::Config,
    prompt::{Batch, PromptPair},
    tokenizer::Tokenizer,
};

use crate::common::{demo, fixtures, read};

fn config() -> Config {
    Config::from_json(&read(fixtures().join("prefixed-f32/config.json"))).unwrap()
}

fn pair() -> PromptPair {
    PromptPair {
        clean: vec![1, 2, 3, 4],
        corrupted: vec![1, 2, 5, 4],
        answers: vec![7],
        distractors: vec![8],
    }
}

fn refused(change: impl FnOnce(&mut PromptPair)) -> Error {
    let mut pair = pair();
    change(&mut pair);
    Batch::new(vec![pair], None, &config()).unwrap_err()
}

#[test]
fn each_fault_names_its_field() {
    let cases: [(Error, Code, &str); 7] = [
        (
            refused(|p| p.clean.clear()),
            Code::Clean,
            "clean prompt: expected at least 1 token, got none",
        ),
        (
            refused(|p| p.corrupted.push(1)),
            Code::PromptLength,
            "corrupted prompt: expected as many tokens as the clean prompt (4), got 5",
        ),
        (
            refused(|p| p.clean = vec![1; 13]),
            Code::Clean,
            "clean prompt: expected at most 12 tokens (the model's context), got 13",
        ),
        (
            refused(|p| p.corrupted[0] = 40),
            Code::Corrupted,
            "corrupted prompt: expected token ids below 40 (the model's vocabulary), got 40",
        ),
        (
            refused(|p| p.answers.push(99)),
            Code::Answer,
            "answer: expected token ids below 40 (the model's vocabulary), got 99",
        ),
        (
            refused(|p| p.distractors = vec![u32::MAX]),
            Code::Distractor,
            "distractor: expected token ids below 40 (the model's vocabulary), got 4294967295",
        ),
        (
            Batch::new(vec![pair()], Some(4), &config()).unwrap_err(),
            Code::Metric,
            "metric position: expected 0 to 3 or -4 to -1 (the prompt has 4 tokens, including one added in front), \
             got 4",
        ),
    ];
    for (error, code, text) in cases {
        assert_eq!(error.code, code);
        assert_eq!(error.to_string(), text);
    }
    let none = Batch::new(Vec::new(), None, &config()).unwrap_err();
    assert_eq!(none.code, Code::Clean);
}

#[test]
fn the_first_row_is_the_earliest_difference_or_read() {
    let other = |at: usize| {
        let mut p = pair();
        p.corrupted = p.clean.clone();
        p.corrupted[at] = 9;
        p
    };
    let first = |pairs, position| Batch::new(pairs, position, &config()).unwrap().first_row();
    assert_eq!(first(vec![pair()], None), 2);
    assert_eq!(first(vec![other(3), other(1)], None), 1);
    assert_eq!(first(vec![other(3)], Some(0)), 0);
}

#[test]
fn words_and_answers_outside_the_vocabulary_are_named() {
    let tokenizer = Tokenizer::from_json(&read(demo().join("tokenizer.json"))).unwrap();
    let ids = tokenizer.encode("Mary and John").unwrap();
    let texts: Vec<String> = tokenizer
        .describe(&ids)
        .into_iter()
        .map(|t| t.text)
        .collect();
    assert_eq!(texts, ["Mary", "and", "John"]);

    let error = tokenizer.encode("Mary and Zarathustra").unwrap_err();
    assert_eq!(error.code, Code::Tokenizer);
    assert_eq!(
        error.to_string(),
        "text: expected words of this model's vocabulary, got \"Zarathustra\""
    );
    assert!(Tokenizer::from_json(b"{}").is_err());
}
