//! A file of prompt pairs, one JSON object a line.

use pathpatch::{
    error::{Code, Error, Result},
    session::{Answer, PairRequest, Prompt},
};
use serde::Deserialize;

/// One line: a prompt is text or ids, never both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    clean: Option<String>,
    clean_ids: Option<Vec<u32>>,
    corrupted: Option<String>,
    corrupted_ids: Option<Vec<u32>>,
    answer: Option<String>,
    answer_id: Option<u32>,
    distractor: Option<String>,
    distractor_id: Option<u32>,
}

/// Parse the bytes of the file; empty lines are passed over.
///
/// # Errors
/// [`Code::Io`], naming the line.
pub fn parse(bytes: &[u8]) -> Result<Vec<PairRequest>> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().enumerate();
    let pairs = lines.filter(|(_, line)| !line.trim().is_empty());
    pairs
        .map(|(i, line)| {
            let what = format!("line {} of the pairs", i + 1);
            let line: Line = serde_json::from_str(line).map_err(|e| {
                let expected = "an object with clean, corrupted, answer and distractor";
                Error::new(Code::Io, &what, expected, e)
            })?;
            line.into_pair(&what)
        })
        .collect()
}

impl Line {
    fn into_pair(self, what: &str) -> Result<PairRequest> {
        Ok(PairRequest {
            clean: prompt(what, "clean", self.clean, self.clean_ids)?,
            corrupted: prompt(what, "corrupted", self.corrupted, self.corrupted_ids)?,
            answer: answer(what, "answer", self.answer, self.answer_id)?,
            distractor: answer(what, "distractor", self.distractor, self.distractor_id)?,
        })
    }
}

fn prompt(what: &str, field: &str, text: Option<String>, ids: Option<Vec<u32>>) -> Result<Prompt> {
    match (text, ids) {
        (Some(text), None) => Ok(Prompt::Text(text)),
        (None, Some(ids)) => Ok(Prompt::Ids(ids)),
        (text, _) => {
            let got = if text.is_some() { "both" } else { "neither" };
            let expected = format!("either {field} or {field}_ids");
            Err(Error::new(Code::Io, what, expected, got))
        }
    }
}

fn answer(
    what: &str,
    field: &str,
    text: Option<String>,
    id: Option<u32>,
) -> Result<Option<Answer>> {
    if text.is_some() && id.is_some() {
        let expected = format!("either {field} or {field}_id");
        return Err(Error::new(Code::Io, what, expected, "both"));
    }
    Ok(text.map(Answer::Text).or(id.map(Answer::Id)))
}
