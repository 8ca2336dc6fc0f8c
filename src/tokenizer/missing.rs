//! Explains why no tokenizer can be read from a model's files although some belong to one.

/// Advice for the files of other tokenizers.
const SAVE: &str = "in Python, AutoTokenizer.from_pretrained(directory).save_pretrained(directory) writes tokenizer.json";

/// Names a tokenizer file that is not read or lacks another file, and says what to do; `None` if there is none. For
/// models that [`Tokenizer::from_files`](super::Tokenizer::from_files) finds no tokenizer for.
pub fn explain_missing(names: &[String]) -> Option<String> {
    let has = |name: &str| names.iter().any(|n| n == name);
    let one_of_two = |there: &str, lacking: &str| {
        (has(there) && !has(lacking)).then(|| format!("{there} without {lacking}: add that file"))
    };
    let found = |name: &str, what: &str| has(name).then(|| format!("{name}, {what}: {SAVE}"));
    one_of_two("vocab.json", "merges.txt")
        .or_else(|| one_of_two("merges.txt", "vocab.json"))
        .or_else(|| found("vocab.txt", "a vocabulary for BertTokenizer"))
        .or_else(|| found("spiece.model", "SentencePiece's own format"))
        .or_else(|| found("tokenizer.model", "SentencePiece's own format"))
        .or_else(|| found("sentencepiece.bpe.model", "SentencePiece's own format"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_tokenizers_are_named() {
        for (names, expected) in [
            (
                &["vocab.json", "config.json"][..],
                "vocab.json without merges.txt",
            ),
            (&["merges.txt"], "merges.txt without vocab.json"),
            (
                &["vocab.txt"],
                "vocab.txt, a vocabulary for BertTokenizer: in Python",
            ),
            (&["spiece.model"], "spiece.model, SentencePiece"),
            (&["tokenizer.model"], "tokenizer.model, SentencePiece"),
        ] {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let got = explain_missing(&names).unwrap();
            assert!(got.starts_with(expected), "{got}");
        }
        assert_eq!(explain_missing(&["config.json".into()]), None);
    }
}
