//! Turns the texts of a request into checked tokens, and warns about likely mistakes.
//!
//! A request with a meaningless result is an error: equal prompts, an answer that is also the distractor, a metric that
//! reads before anything can change. A valid request that is probably a mistake gets a [`Warning`]: a second
//! beginning-of-text token, a space at a prompt's end, `Mary` where the prompt calls for ` Mary`.

use crate::{
    error::{Code, Error, Result, Warning, shortened},
    gpt2::Config,
    patching::{Replacement, first_changes},
    pause::Pause,
    prompt::{Batch, PromptPair, check_id, in_pair},
    request::{Answer, MetricRequest, PairRequest, Prompt},
    tokenizer::Tokenizer,
};

/// GPT-2's beginning-of-text token, where neither the tokenizer nor the configuration names one.
const BOS: &str = "<|endoftext|>";

/// Most pairs that a warning lists by number.
const LISTED_PAIRS: usize = 6;

/// Longest part of an answer in an error, in characters.
const MAX_ITEM: usize = 80;

/// Reads requests for one model.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub config: &'a Config,
    pub tokenizer: Option<&'a Tokenizer>,
    /// If there is no tokenizer: the files found instead, with advice.
    pub lack: Option<&'a str>,
}

/// A warning about one pair, with the kind of mistake.
struct Note {
    pair: usize,
    slip: Slip,
    warning: Warning,
}

/// A kind of likely mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    SecondBos,
    TrailingSpace,
    NoLeadingSpace,
    NothingChanges,
}

impl Reader<'_> {
    /// The pairs of a request as a batch, with warnings for one that is patched with `replacement`. Pauses after each pair.
    pub async fn batch(
        &self,
        request: &MetricRequest,
        replacement: Replacement,
        pause: &dyn Pause,
    ) -> Result<(Batch, Vec<Warning>)> {
        let metric = request.metric;
        let check = |p: &PromptPair| metric.check(&p.answers, &p.distractors, |id| self.name(id));
        let (batch, mut notes) = self.read(request, check, pause).await?;
        for (i, (pair, read)) in request.pairs.iter().zip(batch.pairs()).enumerate() {
            let slips = self.reading_slips(pair, read, batch.positions()[i]);
            notes.extend(notes_of(i, slips));
            pause.pause().await?;
        }
        notes.extend(unchanged(&batch, replacement)?);
        Ok((batch, gather(notes, request.pairs.len())))
    }

    /// The pairs of a request as a batch that is run and not patched: whatever its metric can make of them. Pauses
    /// likewise.
    pub async fn unpatched(&self, request: &MetricRequest, pause: &dyn Pause) -> Result<Batch> {
        let (batch, _) = self.read(request, |_| Ok(()), pause).await?;
        Ok(batch)
    }

    /// The pairs of a request as a batch, each checked by `check` too, and notes on how their prompts begin.
    async fn read(
        &self,
        request: &MetricRequest,
        check: impl Fn(&PromptPair) -> Result<()>,
        pause: &dyn Pause,
    ) -> Result<(Batch, Vec<Note>)> {
        let count = request.pairs.len();
        let (mut pairs, mut notes) = (Vec::with_capacity(count), Vec::new());
        for (i, pair) in request.pairs.iter().enumerate() {
            let read = self.pair(pair, request.prepend_bos);
            let read = read.and_then(|(read, slips)| {
                check(&read)?;
                Ok((read, slips))
            });
            let (read, slips) = read.map_err(|e| in_pair(i, count, e))?;
            notes.extend(notes_of(i, slips));
            pairs.push(read);
            pause.pause().await?;
        }
        let batch = Batch::new(pairs, request.position, self.config)?;
        Ok((batch, notes))
    }

    /// The tokens of a text. With `prepend_bos`, it begins with the beginning-of-text token.
    pub fn ids(&self, text: &str, prepend_bos: bool) -> Result<Vec<u32>> {
        let mut ids = self.tokenizer()?.encode(text)?;
        self.in_rows(&ids)?;
        if prepend_bos {
            self.prepend_bos(&mut ids)?;
        }
        Ok(ids)
    }

    /// A pair's tokens, checked, with warnings about how its prompts begin.
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
                let is_added = prepend_bos && self.prepend_bos(&mut ids)?;
                slips.extend(self.beginning_slip(&ids, prepend_bos && !is_added, code, what));
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

    /// The tokens of answers, in order.
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

    /// The tokens that a text names: the text as one token if it is one, otherwise its parts between `|`.
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
                // The suggestion is for this part: put it into the whole text.
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

    /// The token of a text, or the tokens of a range's numbers. An error about the text calls it `named`; one about a
    /// number names that number.
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
            // A suggestion for one number does not fit the range.
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
                Some(lack) => format!("text and no tokenizer; found {lack}"),
                None => "text and no tokenizer".into(),
            };
            Error::new(Code::Tokenizer, "text", expected, got)
        })
    }

    /// The beginning-of-text token: the tokenizer's, else the configuration's, else GPT-2's.
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

    /// Add the beginning-of-text token unless it is already the first. Returns whether it was added.
    fn prepend_bos(&self, ids: &mut Vec<u32>) -> Result<bool> {
        let bos = self.bos()?;
        let lacks_it = ids.first() != Some(&bos);
        if lacks_it {
            ids.insert(0, bos);
        }
        Ok(lacks_it)
    }

    /// Check that the model has a row for each token; a tokenizer may have more tokens than the model has rows.
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
        // The usual mistakes with byte-level tokens: inside a text, the token of a word begins with the space before it
        // and does not end with one.
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

    /// The warning if a prompt begins with two beginning-of-text tokens, or already had the one that was asked for.
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
                "the {what} already begins with the beginning-of-text token {}: no second one is added",
                self.name(bos)
            ),
            _ => return None,
        };
        Some((Slip::SecondBos, Warning::new(code, message)))
    }

    /// Warnings about the place where the metric reads: a token that is only a space, or an answer without its leading
    /// space.
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
            // Several answers are usually written in one style, so the first one is enough.
            if let (Some(Answer::Text(text)), Some(id)) = (answers.first(), ids.first()) {
                let end = match &request.clean {
                    // The last character may be several tokens, so take it from the text.
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

    /// The warning if the token that the metric reads is only a space.
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
            "{place}, which is a separate token: the next word's token already begins with its own space"
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

    /// The warning if an answer has no leading space, is another token with one, and follows a text whose last
    /// character `end` calls for a space. `id` is the first token if `text` names several.
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
            "the {what} {first:?} has no leading space, but inside a text this word is the token {spaced:?}"
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

    /// The text of a token, if there is a tokenizer.
    fn text_of(&self, id: u32) -> Option<String> {
        let tokens = self.tokenizer?.describe(&[id]);
        tokens.into_iter().next().map(|token| token.text)
    }

    /// Describes the first word that has different numbers of tokens in the two prompts.
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

    /// A token's name for a message.
    fn name(&self, id: u32) -> String {
        match self.tokenizer {
            Some(tokenizer) => format!("{} (id {id})", tokenizer.quote(&[id])),
            None => format!("token {id}"),
        }
    }
}

/// Notes on one pair.
fn notes_of(pair: usize, slips: Vec<(Slip, Warning)>) -> impl Iterator<Item = Note> {
    let note = move |(slip, warning)| Note {
        pair,
        slip,
        warning,
    };
    slips.into_iter().map(note)
}

/// Whole numbers with the same number of digits, written `42..99`. Leading spaces belong to each number.
struct NumberRange<'a> {
    space: &'a str,
    first: &'a str,
    last: &'a str,
}

impl<'a> NumberRange<'a> {
    /// Read a text as a range, if it is one.
    fn of(text: &'a str) -> Option<Self> {
        let digits = text.trim_start_matches(' ');
        let space = &text[..text.len() - digits.len()];
        let (first, last) = digits.split_once("..")?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (is_number(first) && is_number(last)).then_some(Self { space, first, last })
    }

    /// Its numbers as texts with their spaces. The error is what was expected and what was given.
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
            let expected = "two numbers with the same number of digits, the smaller first, such as 42..99 or 00..41";
            return Err((expected.into(), format!("{first} and {last}")));
        }
        if to - from >= most as u64 {
            let expected = format!("at most {most} numbers (the model's vocabulary)");
            return Err((expected, (u128::from(to - from) + 1).to_string()));
        }
        Ok((from..=to).map(|n| format!("{space}{n:0width$}")).collect())
    }
}

/// A name for one of several answers, for errors about it.
fn item(what: &str, text: &str) -> String {
    format!("{what} {:?}", shortened(text, MAX_ITEM))
}

/// The text of the first token that `text` names.
fn first_item(text: &str) -> String {
    let part = text.split('|').next().unwrap_or_default();
    match NumberRange::of(part) {
        Some(NumberRange { space, first, .. }) => format!("{space}{first}"),
        None => part.into(),
    }
}

/// Whether a space belongs between a text that ends in the character `end` and a word that begins with `start`. It does
/// not inside a number, nor after an opening bracket, a quotation mark or a hyphen.
fn calls_for_space(end: char, start: char) -> bool {
    let is_number = end.is_numeric() && start.is_numeric();
    let ends_word = end.is_alphanumeric() || ".,;:!?)]}%".contains(end);
    start.is_alphanumeric() && ends_word && !is_number
}

/// A prompt's tokens grouped into words: a token that begins with a space begins a word, and an added token is a word by
/// itself. Empty for tokenizers that drop spaces.
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

/// Warnings about pairs for which no patch can change what the metric reads; an error if that is true of all pairs.
fn unchanged(batch: &Batch, replacement: Replacement) -> Result<Vec<Note>> {
    let count = batch.pairs().len();
    let changes = first_changes(batch, batch, replacement);
    let mut notes = Vec::new();
    let mut first = None;
    for (i, (change, read)) in changes.into_iter().zip(batch.positions()).enumerate() {
        let (error, message) = match change {
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
                    "at least {difference}, where the prompts first differ (counted from 0, including a token added in \
                     front)"
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

/// Merge notes into one warning for each mistake and field, which lists the pairs.
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
    let merged = |(first, pairs, is_one_text): (Note, Vec<usize>, bool)| {
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
                format!("pair {}: {message}; the same in {}", pair + 1, list(others))
            }
            (_, []) => message,
        };
        Warning {
            code,
            message,
            suggestion,
        }
    };
    groups.into_iter().map(merged).collect()
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
