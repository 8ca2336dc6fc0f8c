//! Reads a file of prompt pairs in UTF-8: JSON Lines, a JSON array, or an object that is one pair or contains the array.
//!
//! A pair is an object with `clean` and `corrupted`, each a text or an array of token ids. If the metric needs them, it
//! also has `answer` and `distractor`, each a text, a token id or an array of those. Ids may also be called `clean_ids`,
//! `corrupted_ids`, `answer_id` and `distractor_id`. Other fields are ignored with a warning.

use std::{collections::BTreeSet, fmt::Display};

use serde_json::{Map, Value};

use crate::{
    error::{Code, Error, Result, Warning},
    request::{Answer, PairRequest, Prompt},
};

/// Largest file, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// The fields of a pair: name, name for ids, and the code of errors about it.
const FIELDS: [(&str, &str, Code); 4] = [
    ("clean", "clean_ids", Code::Clean),
    ("corrupted", "corrupted_ids", Code::Corrupted),
    ("answer", "answer_id", Code::Answer),
    ("distractor", "distractor_id", Code::Distractor),
];

/// A description of a pair, for errors.
const PAIR_OBJECT: &str = "an object with clean, corrupted, answer and distractor";

/// Most field names in a warning, and the longest of them in characters.
const LISTED_NAMES: usize = 8;
const MAX_NAME: usize = 40;

/// Read the bytes of a file of pairs. Empty lines are skipped. Fields with other names are ignored with one warning.
///
/// # Errors
/// [`Code::Clean`] for something else than a file of pairs, with the line; the code of a wrong field, with the line or
/// the pair's number.
pub fn parse(bytes: &[u8]) -> Result<(Vec<PairRequest>, Vec<Warning>)> {
    let text = text(bytes)?;
    let mut others = BTreeSet::new();
    let of_array = |values: &[Value], others: &mut _| -> Result<Vec<PairRequest>> {
        let values = values.iter().enumerate();
        values
            .map(|(i, value)| pair(&format!("pair {} of the file", i + 1), value, others))
            .collect()
    };
    let pairs = if text.trim_start().starts_with('[') {
        let values: Vec<Value> =
            serde_json::from_str(text).map_err(|e| malformed("the array of pairs", &e))?;
        of_array(&values, &mut others)?
    } else if let Ok(value) = serde_json::from_str::<Value>(text)
        && let Some(object) = value.as_object()
    {
        let begin = &text[..text.len() - text.trim_start().len()];
        let what = format!("line {} of the pairs", begin.matches('\n').count() + 1);
        match wrapped(object) {
            Some(values) => of_array(values, &mut others)?,
            None => vec![pair(&what, &value, &mut others)?],
        }
    } else {
        lines(text, &mut others)?
    };
    Ok((pairs, ignored(&others).into_iter().collect()))
}

/// The array of pairs in an object that is not a pair itself and has one array: `{"pairs": [...]}`.
fn wrapped(object: &Map<String, Value>) -> Option<&[Value]> {
    let is_pair = FIELDS
        .iter()
        .any(|(name, ids, _)| object.contains_key(*name) || object.contains_key(*ids));
    let mut arrays = object.values().filter_map(Value::as_array);
    match (is_pair, arrays.next(), arrays.next()) {
        (false, Some(values), None) => Some(values),
        _ => None,
    }
}

/// Read JSON Lines; a comma at the end of a line is ignored.
fn lines(text: &str, others: &mut BTreeSet<String>) -> Result<Vec<PairRequest>> {
    let lines = text.lines().enumerate();
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty()).peekable();
    if let Some((i, line)) = lines.peek()
        && !line.trim_start().starts_with('{')
        && line.contains(['\t', ',', ';'])
    {
        let got = "a table (CSV or the like): write each row as a JSON object on its own line";
        let what = format!("line {} of the pairs", i + 1);
        return Err(Error::new(Code::Clean, what, PAIR_OBJECT, got));
    }
    lines
        .map(|(i, line)| {
            let what = format!("line {} of the pairs", i + 1);
            let line = line.trim_end();
            let line = line.strip_suffix(',').unwrap_or(line);
            let value: Value = serde_json::from_str(line).map_err(|e| malformed(&what, &e))?;
            pair(&what, &value, others)
        })
        .collect()
}

/// The file's text, without a byte-order mark.
fn text(bytes: &[u8]) -> Result<&str> {
    let what = "the file of pairs";
    if bytes.len() > MAX_BYTES {
        let expected = format!("at most {MAX_BYTES} bytes");
        return Err(Error::new(Code::Clean, what, expected, bytes.len()));
    }
    // UTF-16, with or without a byte-order mark, has a zero byte for each ASCII character; JSON in UTF-8 has none.
    let is_utf_16 = bytes.starts_with(&[0xFF, 0xFE])
        || bytes.starts_with(&[0xFE, 0xFF])
        || bytes.iter().take(4).any(|byte| *byte == 0);
    if is_utf_16 {
        let got = "UTF-16; save it as UTF-8";
        return Err(Error::new(Code::Clean, what, "text in UTF-8", got));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let (before, rest) = bytes.split_at(e.valid_up_to());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let begins = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |i| i + 1);
        let column = String::from_utf8_lossy(&before[begins..]).chars().count() + 1;
        let byte = rest.first().copied().unwrap_or_default();
        let what = format!("line {line} of the pairs");
        let got = format!("the byte 0x{byte:02X} at column {column}; save the file as UTF-8");
        Error::new(Code::Clean, what, "text in UTF-8", got)
    })
}

fn malformed(what: &str, error: &serde_json::Error) -> Error {
    Error::new(Code::Clean, what, PAIR_OBJECT, error)
}

fn ignored(names: &BTreeSet<String>) -> Option<Warning> {
    let shown: Vec<String> = names
        .iter()
        .take(LISTED_NAMES)
        .map(|name| name.chars().take(MAX_NAME).collect())
        .collect();
    let more = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "the file of pairs has other fields, which are ignored: {}{more}",
        shown.join(", ")
    );
    (!names.is_empty()).then(|| Warning::new(Code::Option, message))
}

fn pair(what: &str, value: &Value, others: &mut BTreeSet<String>) -> Result<PairRequest> {
    let Some(object) = value.as_object() else {
        return Err(Error::new(Code::Clean, what, PAIR_OBJECT, kind(value)));
    };
    let is_known = |name: &str| {
        FIELDS
            .iter()
            .any(|field| [field.0, field.1].contains(&name))
    };
    others.extend(object.keys().filter(|name| !is_known(name)).cloned());
    let [clean, corrupted, answer, distractor] = FIELDS;
    Ok(PairRequest {
        clean: prompt(what, object, clean)?,
        corrupted: prompt(what, object, corrupted)?,
        answers: tokens(what, object, answer)?,
        distractors: tokens(what, object, distractor)?,
    })
}

/// The value of whichever of two fields is there; null counts as absent.
fn one<'a>(
    what: &str,
    object: &'a Map<String, Value>,
    (name, ids, code): (&str, &str, Code),
) -> Result<Option<&'a Value>> {
    let field = |name: &str| object.get(name).filter(|value| !value.is_null());
    match (field(name), field(ids)) {
        (Some(_), Some(_)) => {
            let expected = format!("either {name} or {ids}");
            Err(Error::new(code, what, expected, "both"))
        }
        (value, other) => Ok(value.or(other)),
    }
}

fn prompt(what: &str, object: &Map<String, Value>, field: (&str, &str, Code)) -> Result<Prompt> {
    let (name, ids, code) = field;
    let wrong = |got: &dyn Display| {
        let what = format!("{what}: {name}");
        Error::new(code, what, "a text or an array of token ids", got)
    };
    match one(what, object, field)? {
        None => {
            let expected = format!("either {name} or {ids}");
            Err(Error::new(code, what, expected, "neither"))
        }
        Some(Value::String(text)) if object.get(name).is_some_and(|v| !v.is_null()) => {
            Ok(Prompt::Text(text.clone()))
        }
        Some(Value::Array(ids)) => {
            let ids = ids
                .iter()
                .map(|value| id(value).ok_or_else(|| wrong(&kind(value))));
            ids.collect::<Result<_>>().map(Prompt::Ids)
        }
        Some(other) => Err(wrong(&kind(other))),
    }
}

fn tokens(
    what: &str,
    object: &Map<String, Value>,
    field: (&str, &str, Code),
) -> Result<Vec<Answer>> {
    let (name, _, code) = field;
    let is_named = object.get(name).is_some_and(|value| !value.is_null());
    let token = |value: &Value, place: &str| match value {
        Value::String(text) if is_named => Ok(Answer::Text(text.clone())),
        value => id(value).map(Answer::Id).ok_or_else(|| {
            let what = format!("{what}: {name}{place}");
            Error::new(code, what, "a text or a token id", kind(value))
        }),
    };
    match one(what, object, field)? {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => {
            let values = values.iter().enumerate();
            values
                .map(|(i, value)| token(value, &format!("[{i}]")))
                .collect()
        }
        Some(value) => Ok(vec![token(value, "")?]),
    }
}

fn id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}

/// Describes a value for an error: short ones as they are, others by their kind.
fn kind(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.len() > 80 => "a long text".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: &str = r#"{"clean": "a", "corrupted": [1, 2], "answer": " b", "distractor_id": 7}"#;

    fn expected() -> PairRequest {
        PairRequest {
            clean: Prompt::Text("a".into()),
            corrupted: Prompt::Ids(vec![1, 2]),
            answers: vec![Answer::Text(" b".into())],
            distractors: vec![Answer::Id(7)],
        }
    }

    #[test]
    fn lines_arrays_byte_order_marks_and_carriage_returns_are_read() {
        for text in [
            format!("{PAIR}\n{PAIR}\n"),
            format!("\u{feff}{PAIR}\r\n\r\n{PAIR}"),
            format!("[{PAIR},\n {PAIR}]\n"),
            format!("\u{feff}\n[{PAIR}, {PAIR}]"),
            format!("{PAIR},\n{PAIR}, \r\n"),
            format!("{{\"name\": \"two\",\n\"pairs\": [\n{PAIR},\n{PAIR}\n]\n}}"),
        ] {
            let (pairs, warnings) = parse(text.as_bytes()).unwrap();
            assert_eq!(pairs, [expected(), expected()]);
            assert!(warnings.is_empty());
        }
        let pretty = PAIR.replace(", ", ",\n  ");
        assert_eq!(parse(pretty.as_bytes()).unwrap().0, [expected()]);
        assert_eq!(parse(b"").unwrap().0, []);
    }

    #[test]
    fn several_answers_are_an_array() {
        let line = PAIR
            .replace(r#"" b""#, r#"[" b", 3]"#)
            .replace("7}", "[7, 8]}");
        let (pairs, _) = parse(line.as_bytes()).unwrap();
        let several = PairRequest {
            answers: vec![Answer::Text(" b".into()), Answer::Id(3)],
            distractors: vec![Answer::Id(7), Answer::Id(8)],
            ..expected()
        };
        assert_eq!(pairs, [several]);
        let none = PAIR.replace(r#"" b""#, "[]");
        assert_eq!(parse(none.as_bytes()).unwrap().0[0].answers, []);
    }

    #[test]
    fn other_fields_are_ignored_with_one_warning() {
        let line = PAIR.replace('}', r#", "id": 3, "template": {}, "label": null}"#);
        let (pairs, warnings) = parse(format!("{line}\n{line}").as_bytes()).unwrap();
        assert_eq!(pairs.len(), 2);
        assert_eq!(
            warnings[0].message,
            "the file of pairs has other fields, which are ignored: id, label, template"
        );
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn errors_name_the_line_and_the_code() {
        let refused = |second: &[u8]| {
            let bytes = [PAIR.as_bytes(), b"\n", second, b"\n"].concat();
            let error = parse(&bytes).unwrap_err();
            (error.code, error.to_string())
        };
        let with = |from: &str, to: &str| refused(PAIR.replace(from, to).as_bytes());
        let (code, text) = refused(b"not json");
        assert_eq!(code, Code::Clean);
        assert!(
            text.starts_with("line 2 of the pairs: expected an object"),
            "{text}"
        );
        for ((code, text), expected_code, expected) in [
            (
                with(r#""a""#, "4"),
                Code::Clean,
                "line 2 of the pairs: clean: expected a text or an array of token ids, got 4",
            ),
            (
                with("[1, 2]", "[1, 2.5]"),
                Code::Corrupted,
                "line 2 of the pairs: corrupted: expected a text or an array of token ids, got 2.5",
            ),
            (
                with(r#"" b""#, "-3"),
                Code::Answer,
                "line 2 of the pairs: answer: expected a text or a token id, got -3",
            ),
            (
                with("7", r#""seven""#),
                Code::Distractor,
                "line 2 of the pairs: distractor: expected a text or a token id, got \"seven\"",
            ),
            (
                with(r#"" b""#, r#"[" b", 3, [4]]"#),
                Code::Answer,
                "line 2 of the pairs: answer[2]: expected a text or a token id, got an array",
            ),
            (
                with("7", r#"[7, "seven"]"#),
                Code::Distractor,
                "line 2 of the pairs: distractor[1]: expected a text or a token id, got \"seven\"",
            ),
            (
                with(r#""corrupted": "#, r#""corrupted": "c", "corrupted_ids": "#),
                Code::Corrupted,
                "line 2 of the pairs: expected either corrupted or corrupted_ids, got both",
            ),
            (
                with("clean", "prompt"),
                Code::Clean,
                "line 2 of the pairs: expected either clean or clean_ids, got neither",
            ),
            (
                refused(b"{\"clean\": \"caf\xE9\"}"),
                Code::Clean,
                "line 2 of the pairs: expected text in UTF-8, got the byte 0xE9 at column 15; save the file as UTF-8",
            ),
        ] {
            assert_eq!((code, &text[..]), (expected_code, expected));
        }
        for bytes in [
            &[0xFF, 0xFE, b'{', 0][..],
            &[b'{', 0, b'"', 0],
            &[0, b'{', 0, b'"'],
        ] {
            let utf_16 = parse(bytes).unwrap_err();
            assert!(utf_16.to_string().contains("got UTF-16"), "{utf_16}");
        }
        for table in ["clean,corrupted\na,b\n", "clean\tcorrupted\n"] {
            let table = parse(table.as_bytes()).unwrap_err().to_string();
            assert!(
                table.starts_with("line 1 of the pairs: expected an object with"),
                "{table}"
            );
            assert!(table.contains("got a table (CSV"), "{table}");
        }
        let array = parse(br#"[{"clean": "a", "corrupted": true}]"#).unwrap_err();
        assert!(
            array
                .to_string()
                .starts_with("pair 1 of the file: corrupted"),
            "{array}"
        );
    }
}
