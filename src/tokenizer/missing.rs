//! Why a model's files make no tokenizer, though some are of one.

/// What `save_pretrained` does about files of other tokenizers.
const SAVE: &str = "in Python, AutoTokenizer.from_pretrained(directory).save_pretrained(directory) writes tokenizer.json";

/// What there is of a tokenizer that is not read, and what to do about it, for a model whose files have these names and
/// make no tokenizer; `None` where there is nothing of the kind.
pub fn explain_missing(names: &[String]) -> Option<String> {
    let has = |name: &str| names.iter().any(|n| n == name);
    let one_of_two = |there: &str, lacking: &str| {
        (has(there) && !has(lacking)).then(|| format!("{there} without {lacking}: get that too"))
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
    fn what_is_there_of_a_tokenizer_is_named() {
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
