//! Finds tokens by how their text begins.

use super::token::Token;

/// The texts of a vocabulary: the shortest first, then by id.
pub struct Texts(Vec<Token>);

impl Texts {
    /// Tokens in any order. Those that are only part of a character are left out: they show as U+FFFD.
    pub fn new(tokens: impl Iterator<Item = Token>) -> Self {
        let is_whole = |token: &Token| !token.text.contains(char::REPLACEMENT_CHARACTER);
        let mut tokens: Vec<Token> = tokens.filter(is_whole).collect();
        tokens.sort_by_cached_key(|token| (token.text.chars().count(), token.id));
        tokens.dedup_by_key(|token| token.id);
        Self(tokens)
    }

    /// At most `limit` tokens with an id below `rows` that begin with `start`, those in the same case first.
    pub fn beginning_with(&self, start: &str, limit: usize, rows: usize) -> Vec<Token> {
        let (mut same, mut others) = (Vec::new(), Vec::new());
        for token in self.0.iter().filter(|token| (token.id as usize) < rows) {
            if same.len() == limit {
                break;
            }
            if token.text.starts_with(start) {
                same.push(token);
            } else if others.len() < limit && begins_in_any_case(&token.text, start) {
                others.push(token);
            }
        }
        same.into_iter()
            .chain(others)
            .take(limit)
            .cloned()
            .collect()
    }
}

/// Whether a text begins with another one, upper and lower case being the same.
fn begins_in_any_case(text: &str, start: &str) -> bool {
    let mut lower = text.chars().flat_map(char::to_lowercase);
    let mut wanted = start.chars().flat_map(char::to_lowercase);
    wanted.all(|c| lower.next() == Some(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Texts {
        let tokens = texts.iter().zip(0..).map(|(text, id)| Token {
            id,
            text: (*text).to_string(),
        });
        Texts::new(tokens)
    }

    fn found(texts: &Texts, start: &str, limit: usize) -> Vec<String> {
        let tokens = texts.beginning_with(start, limit, 100);
        tokens.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn the_same_case_comes_first_then_the_shortest_then_by_id() {
        let texts = texts(&[
            "lamps",
            "Lamp",
            "lamp",
            " lamp",
            "LAMPS",
            "lamb",
            "la\u{fffd}",
            "Él",
        ]);
        assert_eq!(
            found(&texts, "la", 9),
            ["lamp", "lamb", "lamps", "Lamp", "LAMPS"]
        );
        assert_eq!(found(&texts, "la", 4), ["lamp", "lamb", "lamps", "Lamp"]);
        assert_eq!(found(&texts, "la", 2), ["lamp", "lamb"]);
        assert_eq!(found(&texts, " l", 9), [" lamp"]);
        assert_eq!(found(&texts, "él", 9), ["Él"]);
        assert_eq!(found(&texts, "lampshade", 9), [""; 0]);
        assert_eq!(found(&texts, "la", 0), [""; 0]);
        assert_eq!(found(&texts, "", 9).len(), 7);
    }

    #[test]
    fn tokens_without_a_row_of_the_model_are_left_out() {
        let texts = texts(&["aa", "ab", "a"]);
        let tokens = texts.beginning_with("a", 9, 2);
        assert_eq!(tokens.iter().map(|t| t.id).collect::<Vec<_>>(), [0, 1]);
    }
}
