//! From a request's texts to checked tokens, and what it probably does not mean.
//!
//! A question whose result says nothing is an error: equal prompts, an answer that is its own distractor, a metric that
//! reads before anything can change. One that is right as it stands but likely a slip is a [`Warning`]: a second
//! beginning-of-text token, a space at a prompt's end, `Mary` where the prompt calls for ` Mary`.

use crate::{
    error::{Code, Error, Result, Warning, shortened},
    gpt2::Config,
    pause::Pause,
    prompt::{Batch, PromptPair, check_id, in_pair},
    session::{Answer, MetricRequest, PairRequest, Prompt},
    tokenizer::Tokenizer,
};

/// GPT-2's beginning-of-text token, where neither the tokenizer nor the configuration names one.
const BOS: &str = "<|endoftext|>";

/// How many pairs a warning lists by number.
const LISTED_PAIRS: usize = 6;

/// Characters that an error shows of one of several answers.
const MAX_ITEM: usize = 80;

/// Reads requests for one model.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub config: &'a Config,
    pub tokenizer: Option<&'a Tokenizer>,
    /// What there is in place of a tokenizer.
    pub lack: Option<&'a str>,
}

/// A warning about one pair, with the slip that it is about.
struct Note {
    pair: usize,
    slip: Slip,
    warning: Warning,
}

/// A kind of question that is probably not the one that was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    SecondBos,
    TrailingSpace,
    NoLeadingSpace,
    NothingChanges,
}

impl Reader<'_> {
    /// The pairs of a request as a batch, and what to say of them; each pair is a step, with a pause behind it.
    pub async fn batch(
        &self,
        request: &MetricRequest,
        pause: &dyn Pause,
    ) -> Result<(Batch, Vec<Warning>)> {
        let mut notes = Vec::new();
        let count = request.pairs.len();
        let mut note = |pair, slips: Vec<(Slip, Warning)>| {
            notes.extend(slips.into_iter().map(|(slip, warning)| Note {
                pair,
                slip,
                warning,
            }));
        };
        let mut pairs = Vec::with_capacity(count);
        for (i, pair) in request.pairs.iter().enumerate() {
            let read = self.pair(pair, request.prepend_bos);
            let read = read.and_then(|(read, slips)| {
                let metric = request.metric;
                metric.check(&read.answers, &read.distractors, |id| self.name(id))?;
                Ok((read, slips))
            });
            let (read, slips) = read.map_err(|e| in_pair(i, count, e))?;
            note(i, slips);
            pairs.push(read);
            pause.pause().await?;
        }
        let batch = Batch::new(pairs, request.position, self.config)?;
        for (i, (pair, read)) in request.pairs.iter().zip(batch.pairs()).enumerate() {
            note(i, self.reading_slips(pair, read, batch.positions()[i]));
            pause.pause().await?;
        }
        notes.extend(unchanged(&batch)?);
        Ok((batch, gather(notes, count)))
    }

    /// The tokens of a text, with the beginning-of-text token in front if asked for and not there.
    pub fn ids(&self, text: &str, prepend_bos: bool) -> Result<Vec<u32>> {
        let mut ids = self.tokenizer()?.encode(text)?;
        self.in_rows(&ids)?;
        if prepend_bos {
            self.put_bos(&mut ids)?;
        }
        Ok(ids)
    }

    /// A pair's tokens, checked, and what is likely a slip at their beginnings.
    pub fn pair(
        &self,
        request: &PairRequest,
        prepend_bos: bool,
    ) -> Result<(PromptPair, Vec<(Slip, Warning)>)> {
        let mut slips = Vec::new();
        let mut prompt = |prompt: &Prompt, code, what: &str| match prompt {
            Prompt::Ids(ids) => {
                slips.extend(self.beginning_slip(ids, false, code, what));
                Ok(ids.clone())
            }
            Prompt::Text(text) => {
                let of_field = |e| Error {
                    code,
                    what: what.into(),
                    ..e
                };
                let mut ids = self.ids(text, false).map_err(of_field)?;
                if ids.is_empty() {
                    let got = format!("none in {text:?}");
                    return Err(Error::new(code, what, "at least 1 token", got));
                }
                let is_put = prepend_bos && self.put_bos(&mut ids)?;
                slips.extend(self.beginning_slip(&ids, prepend_bos && !is_put, code, what));
                Ok(ids)
            }
        };
        let clean = prompt(&request.clean, Code::Clean, "clean prompt")?;
        let corrupted = prompt(&request.corrupted, Code::Corrupted, "corrupted prompt")?;
        let pair = PromptPair {
            clean,
            corrupted,
            answers: self.answers(&request.answers, Code::Answer, "answer")?,
            distractors: self.answers(&request.distractors, Code::Distractor, "distractor")?,
        };
        pair.check(self.config).map_err(|e| match e.code {
            Code::PromptLength => Error {
                got: format!("{}{}", e.got, self.misalignment(&pair)),
                ..e
            },
            _ => e,
        })?;
        Ok((pair, slips))
    }

    /// The tokens of answers, in their order.
    pub fn answers(&self, answers: &[Answer], code: Code, what: &str) -> Result<Vec<u32>> {
        let mut ids = Vec::with_capacity(answers.len());
        for answer in answers {
            match answer {
                Answer::Id(id) => {
                    check_id(code, what, *id, self.config)?;
                    ids.push(*id);
                }
                Answer::Text(text) => ids.extend(self.set(text, code, what)?),
            }
        }
        Ok(ids)
    }

    /// The tokens that a text names: itself where it is one, else those of its parts between bars.
    fn set(&self, text: &str, code: Code, what: &str) -> Result<Vec<u32>> {
        let parts: Vec<&str> = text.split('|').collect();
        if parts.len() == 1 {
            return self.part(text, code, what, what);
        }
        if let Ok(id) = self.one_token(text, code, what) {
            return Ok(vec![id]);
        }
        let mut ids = Vec::with_capacity(parts.len());
        for (i, part) in parts.iter().enumerate() {
            let read = self.part(part, code, what, &item(what, part));
            ids.extend(read.map_err(|e| match &e.suggestion {
                // What would do in place of this part, within the whole text.
                Some(suggestion) => {
                    let mut parts = parts.clone();
                    parts[i] = suggestion;
                    let suggestion = parts.join("|");
                    e.suggest(suggestion)
                }
                None => e,
            })?);
            let rows = self.config.d_vocab;
            if ids.len() > rows {
                let expected = format!("at most {rows} tokens (the model's vocabulary)");
                return Err(Error::new(code, what, expected, "more"));
            }
        }
        Ok(ids)
    }

    /// The token of a text, or those of the numbers of a range; an error calls the text `named`, and a number by itself.
    fn part(&self, text: &str, code: Code, what: &str, named: &str) -> Result<Vec<u32>> {
        let error = match self.one_token(text, code, named) {
            Ok(id) => return Ok(vec![id]),
            Err(error) => error,
        };
        let (Some(range), Ok(_)) = (NumberRange::of(text), self.tokenizer()) else {
            return Err(error);
        };
        let what_range = item(what, text);
        let rows = self.config.d_vocab;
        let numbers = range
            .texts(rows)
            .map_err(|(expected, got)| Error::new(code, what_range, expected, got))?;
        let id = |number: String| {
            let read = self.one_token(&number, code, &item(what, &number));
            // A suggestion for one number is none for the range.
            read.map_err(|e| Error {
                suggestion: None,
                ..e
            })
        };
        numbers.into_iter().map(id).collect()
    }

    fn tokenizer(&self) -> Result<&Tokenizer> {
        self.tokenizer.ok_or_else(|| {
            let expected = "a tokenizer.json beside the model, or prompts as token ids";
            let got = match self.lack {
                Some(lack) => format!("text and no tokenizer but {lack}"),
                None => "text and no tokenizer".into(),
            };
            Error::new(Code::Tokenizer, "text", expected, got)
        })
    }

    /// The token that texts begin with: the tokenizer's, else the configuration's, else GPT-2's.
    fn bos(&self) -> Result<u32> {
        let named = self.tokenizer.and_then(Tokenizer::bos);
        let gpt2 = || self.tokenizer.and_then(|t| t.id_of(BOS));
        let id = named.map(|token| token.id);
        let id = id.or(self.config.bos_token_id).or_else(gpt2);
        let what = "beginning-of-text token";
        let is_row = |id: &u32| (*id as usize) < self.config.d_vocab;
        match id {
            Some(id) if is_row(&id) => Ok(id),
            Some(id) => {
                let expected = format!(
                    "one of the model's {} rows (its vocabulary), or a run without the beginning-of-text token",
                    self.config.d_vocab
                );
                Err(Error::new(Code::Tokenizer, what, expected, self.name(id)))
            }
            None => {
                let expected = "a bos_token_id within the vocabulary, or a run without the beginning-of-text token";
                Err(Error::new(Code::Config, what, expected, "none"))
            }
        }
    }

    /// Put the beginning-of-text token in front where it is not there already; whether it was put there.
    fn put_bos(&self, ids: &mut Vec<u32>) -> Result<bool> {
        let bos = self.bos()?;
        let lacks_it = ids.first() != Some(&bos);
        if lacks_it {
            ids.insert(0, bos);
        }
        Ok(lacks_it)
    }

    /// Check that the model has a row for each token: tokenizers may know more.
    fn in_rows(&self, ids: &[u32]) -> Result<()> {
        let rows = self.config.d_vocab;
        match ids.iter().find(|id| **id as usize >= rows) {
            None => Ok(()),
            Some(id) => {
                let expected = format!("tokens of the model's {rows} rows (its vocabulary)");
                Err(Error::new(
                    Code::Tokenizer,
                    "text",
                    expected,
                    self.name(*id),
                ))
            }
        }
    }

    fn one_token(&self, text: &str, code: Code, what: &str) -> Result<u32> {
        let tokenizer = self.tokenizer()?;
        let of_field = |e| Error {
            code,
            what: what.to_string(),
            ..e
        };
        let ids = tokenizer.encode(text).map_err(of_field)?;
        self.in_rows(&ids).map_err(of_field)?;
        if let [id] = ids[..] {
            return Ok(id);
        }
        let got = match ids.len() {
            0 => "none".to_string(),
            n => format!("{n}: {}", tokenizer.quote(&ids)),
        };
        let error = Error::new(code, what, "one token", got);
        // The usual slips with byte-level tokens: a word within a text begins with its space, and has none behind it.
        let trimmed = text.trim_end();
        let spaced = format!(" {}", text.trim());
        let other = [trimmed, &spaced].into_iter().find(|other| {
            let is_one = |ids: Vec<u32>| ids.len() == 1 && self.in_rows(&ids).is_ok();
            let is_other = *other != text && !other.trim().is_empty();
            is_other && tokenizer.encode(other).is_ok_and(is_one)
        });
        Err(match other {
            Some(other) => error.suggest(other),
            None => error,
        })
    }

    /// The beginning-of-text token where a prompt has it twice, or by itself where one was asked for.
    fn beginning_slip(
        &self,
        ids: &[u32],
        had_bos: bool,
        code: Code,
        what: &str,
    ) -> Option<(Slip, Warning)> {
        let bos = self.bos().ok()?;
        let message = match ids {
            [first, second, ..] if [*first, *second] == [bos; 2] => {
                let bos = self.name(bos);
                format!("the {what} begins with the beginning-of-text token {bos} twice")
            }
            _ if had_bos => format!(
                "the {what} already begins with the beginning-of-text token {}: no second one is put in front",
                self.name(bos)
            ),
            _ => return None,
        };
        Some((Slip::SecondBos, Warning::new(code, message)))
    }

    /// What is likely a slip where the metric reads: a token that is a space, or an answer without its own.
    fn reading_slips(
        &self,
        request: &PairRequest,
        pair: &PromptPair,
        position: usize,
    ) -> Vec<(Slip, Warning)> {
        let mut slips = Vec::new();
        let is_last = position + 1 == pair.clean.len();
        for (prompt, ids, code, what) in [
            (&request.clean, &pair.clean, Code::Clean, "clean prompt"),
            (
                &request.corrupted,
                &pair.corrupted,
                Code::Corrupted,
                "corrupted prompt",
            ),
        ] {
            slips.extend(self.space_slip(prompt, ids[position], is_last, code, what));
        }
        for (answers, ids, code, what) in [
            (&request.answers, &pair.answers, Code::Answer, "answer"),
            (
                &request.distractors,
                &pair.distractors,
                Code::Distractor,
                "distractor",
            ),
        ] {
            // Where there are several, they are written alike: the first is looked at.
            if let (Some(Answer::Text(text)), Some(id)) = (answers.first(), ids.first()) {
                let end = match &request.clean {
                    // Its last character may be several tokens.
                    Prompt::Text(prompt) if is_last => prompt.chars().next_back(),
                    _ => self
                        .text_of(pair.clean[position])
                        .and_then(|text| text.chars().next_back()),
                };
                slips.extend(end.and_then(|end| self.answer_slip(text, *id, end, code, what)));
            }
        }
        slips
    }

    /// Whether the token that the metric reads is a space by itself.
    fn space_slip(
        &self,
        prompt: &Prompt,
        id: u32,
        is_last: bool,
        code: Code,
        what: &str,
    ) -> Option<(Slip, Warning)> {
        let text = self.text_of(id)?;
        if text.is_empty() || !text.chars().all(|c| c == ' ') {
            return None;
        }
        let place = match is_last {
            true => format!("the {what} ends in a space"),
            false => format!("the metric reads the {what} at a space"),
        };
        let message = format!(
            "{place}, which is a token of its own: the next word's token has its space already"
        );
        let warning = Warning::new(code, message);
        let warning = match prompt {
            Prompt::Text(text) if is_last && !text.trim_end_matches(' ').is_empty() => {
                warning.suggest(text.trim_end_matches(' '))
            }
            _ => warning,
        };
        Some((Slip::TrailingSpace, warning))
    }

    /// Whether an answer without its space is one token, with it another, and the text that ends in this character
    /// calls for the space. `id` is the first token of a text that names several.
    fn answer_slip(
        &self,
        text: &str,
        id: u32,
        end: char,
        code: Code,
        what: &str,
    ) -> Option<(Slip, Warning)> {
        let first = match self.one_token(text, code, what) {
            Ok(_) => text.to_string(),
            Err(_) => first_item(text),
        };
        let start = first.chars().next()?;
        if !calls_for_space(end, start) {
            return None;
        }
        let spaced = format!(" {first}");
        let [sibling] = self.tokenizer?.encode(&spaced).ok()?[..] else {
            return None;
        };
        if sibling == id {
            return None;
        }
        let message = format!(
            "the {what} {first:?} has no space in front, as at the beginning of a text; within one, {spaced:?} is \
             another token"
        );
        let warning = Warning::new(code, message);
        let spaced_part = |part: &str| format!(" {}", part.trim_start());
        let suggestion = match first == text {
            true => spaced,
            false => {
                let parts: Vec<String> = text.split('|').map(spaced_part).collect();
                parts.join("|")
            }
        };
        let is_read = self.set(&suggestion, code, what).is_ok();
        let warning = match is_read {
            true => warning.suggest(suggestion),
            false => warning,
        };
        Some((Slip::NoLeadingSpace, warning))
    }

    /// The text of a token, where there is a tokenizer.
    fn text_of(&self, id: u32) -> Option<String> {
        let tokens = self.tokenizer?.describe(&[id]);
        tokens.into_iter().next().map(|token| token.text)
    }

    /// The first words of the prompts that are not of as many tokens, in words.
    fn misalignment(&self, pair: &PromptPair) -> String {
        let Some(tokenizer) = self.tokenizer else {
            return String::new();
        };
        let (clean, corrupted) = (
            words(tokenizer, &pair.clean),
            words(tokenizer, &pair.corrupted),
        );
        let mut both = clean.iter().zip(&corrupted);
        let Some((clean, corrupted)) = both.find(|(a, b)| a.len() != b.len()) else {
            return String::new();
        };
        let count = |ids: &[u32]| match ids.len() {
            1 => "1 token".into(),
            n => format!("{n} tokens"),
        };
        format!(
            ": {} is {} where the clean prompt's {} is {}",
            tokenizer.quote(corrupted),
            count(corrupted),
            tokenizer.quote(clean),
            count(clean)
        )
    }

    /// A token as a message shows it.
    fn name(&self, id: u32) -> String {
        match self.tokenizer {
            Some(tokenizer) => format!("{} (id {id})", tokenizer.quote(&[id])),
            None => format!("token {id}"),
        }
    }
}

/// Whole numbers of one width, written `42..99`; spaces in front stand in front of each.
struct NumberRange<'a> {
    space: &'a str,
    first: &'a str,
    last: &'a str,
}

impl<'a> NumberRange<'a> {
    /// The range that a text is.
    fn of(text: &'a str) -> Option<Self> {
        let digits = text.trim_start_matches(' ');
        let space = &text[..text.len() - digits.len()];
        let (first, last) = digits.split_once("..")?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (is_number(first) && is_number(last)).then_some(Self { space, first, last })
    }

    /// Its numbers, each with its space; otherwise what was expected, and what came.
    fn texts(&self, most: usize) -> Result<Vec<String>, (String, String)> {
        let Self { space, first, last } = *self;
        let width = first.len();
        let (Ok(from), Ok(to)) = (first.parse::<u64>(), last.parse::<u64>()) else {
            return Err((
                format!("numbers below {}", u64::MAX),
                format!("{first} and {last}"),
            ));
        };
        if last.len() != width || to < from {
            let expected =
                "two numbers of as many digits, the smaller first, such as 42..99 or 00..41";
            return Err((expected.into(), format!("{first} and {last}")));
        }
        if to - from >= most as u64 {
            let expected = format!("at most {most} numbers (the model's vocabulary)");
            return Err((expected, format!("{} of them", u128::from(to - from) + 1)));
        }
        Ok((from..=to).map(|n| format!("{space}{n:0width$}")).collect())
    }
}

/// One of several tokens, for errors about it.
fn item(what: &str, text: &str) -> String {
    format!("{what} {:?}", shortened(text, MAX_ITEM))
}

/// The first of the tokens that a text names, by its text.
fn first_item(text: &str) -> String {
    let part = text.split('|').next().unwrap_or_default();
    match NumberRange::of(part) {
        Some(NumberRange { space, first, .. }) => format!("{space}{first}"),
        None => part.into(),
    }
}

/// Whether a text that ends in one character goes on with a space before a word that begins with another: not within a
/// number, nor after a bracket, a quotation mark or a hyphen.
fn calls_for_space(end: char, start: char) -> bool {
    let is_number = end.is_numeric() && start.is_numeric();
    let ends_word = end.is_alphanumeric() || ".,;:!?)]}%".contains(end);
    start.is_alphanumeric() && ends_word && !is_number
}

/// A prompt's tokens by words: a token that begins with a space begins one, and an added token is one. None of a
/// tokenizer that drops spaces.
fn words<'a>(tokenizer: &Tokenizer, ids: &'a [u32]) -> Vec<&'a [u32]> {
    let texts = tokenizer.describe(ids);
    let is_spaced = |i: usize| texts[i].text.starts_with(char::is_whitespace);
    if !(0..ids.len()).any(is_spaced) {
        return Vec::new();
    }
    let is_added = |i: usize| tokenizer.is_added(ids[i]);
    let begins = |i: &usize| *i == 0 || is_spaced(*i) || is_added(*i) || is_added(i - 1);
    let mut starts: Vec<usize> = (0..ids.len()).filter(begins).collect();
    starts.push(ids.len());
    let words = starts.windows(2).map(|ends| &ids[ends[0]..ends[1]]);
    words.collect()
}

/// The pairs of which no patch can change anything that the metric reads; an error where that is all of them.
fn unchanged(batch: &Batch) -> Result<Vec<Note>> {
    let count = batch.pairs().len();
    let mut notes = Vec::new();
    let mut first = None;
    for (i, (pair, read)) in batch.pairs().iter().zip(batch.positions()).enumerate() {
        let (error, message) = match pair.first_difference() {
            None => {
                let expected = "a prompt that differs from the clean one";
                let got = "the same tokens";
                (
                    Error::new(Code::Corrupted, "corrupted prompt", expected, got),
                    "the two prompts are the same: no patch changes anything".to_string(),
                )
            }
            Some(difference) if *read < difference => {
                let expected = format!(
                    "at least {difference}, where the prompts first differ (counted from 0, a token put in front \
                     included)"
                );
                (
                    Error::new(Code::Metric, "metric position", expected, read),
                    format!(
                        "the metric reads position {read}, before the prompts first differ at {difference}: no patch \
                         changes it"
                    ),
                )
            }
            Some(_) => continue,
        };
        let warning = Warning::new(error.code, message);
        first.get_or_insert(in_pair(i, count, error));
        notes.push(Note {
            pair: i,
            slip: Slip::NothingChanges,
            warning,
        });
    }
    match first {
        Some(error) if notes.len() == count => Err(error),
        _ => Ok(notes),
    }
}

/// One warning for each slip and field, with the pairs that it is found in.
fn gather(notes: Vec<Note>, count: usize) -> Vec<Warning> {
    let mut groups: Vec<(Note, Vec<usize>, bool)> = Vec::new();
    for note in notes {
        let same = groups
            .iter_mut()
            .find(|(first, ..)| (first.slip, first.warning.code) == (note.slip, note.warning.code));
        match same {
            Some((first, pairs, is_one_text)) => {
                pairs.push(note.pair);
                *is_one_text &= first.warning == note.warning;
            }
            None => {
                let pairs = vec![note.pair];
                groups.push((note, pairs, true));
            }
        }
    }
    let told = |(first, pairs, is_one_text): (Note, Vec<usize>, bool)| {
        let Warning {
            code,
            message,
            suggestion,
        } = first.warning;
        let message = match (count, &pairs[..]) {
            (1, _) => message,
            (_, [pair]) => format!("pair {}: {message}", pair + 1),
            (_, pairs) if is_one_text => format!("{}: {message}", list(pairs)),
            (_, [pair, others @ ..]) => {
                format!(
                    "pair {}: {message}; the same slip in {}",
                    pair + 1,
                    list(others)
                )
            }
            (_, []) => message,
        };
        Warning {
            code,
            message,
            suggestion,
        }
    };
    groups.into_iter().map(told).collect()
}

/// Pairs by their numbers from 1.
fn list(pairs: &[usize]) -> String {
    let numbers: Vec<String> = pairs.iter().map(|pair| (pair + 1).to_string()).collect();
    match &numbers[..] {
        [one] => format!("pair {one}"),
        numbers if numbers.len() > LISTED_PAIRS => {
            let listed = numbers[..LISTED_PAIRS].join(", ");
            format!("pairs {listed} and {} more", numbers.len() - LISTED_PAIRS)
        }
        [first @ .., last] => format!("pairs {} and {last}", first.join(", ")),
        [] => "no pair".into(),
    }
}
