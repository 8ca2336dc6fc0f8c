//! Changes to valid inputs: to bytes, to the structure of JSON, to a safetensors file's header and data.

use std::ops::Range;

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Values that readers often get wrong.
const VALUES: [&str; 42] = [
    "0",
    "-1",
    "1",
    "2",
    "3",
    "7",
    "16",
    "255",
    "65536",
    "1000000",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "1000000000000",
    "9007199254740993",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "1e308",
    "1e999",
    "-0.0",
    "0.1",
    "1e-320",
    "NaN",
    "null",
    "true",
    "false",
    "\"\"",
    "\"a\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"😀\"",
    "\"<|endoftext|>\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"a\":1}",
    "[0,1,2]",
    "\"../../x.safetensors\"",
];
/// Pieces of text that readers often get wrong.
const TEXTS: [&str; 12] = [
    "\u{feff}",
    "\r\n",
    "\r",
    "\u{2028}",
    "\0",
    "\\",
    "\"",
    "  ",
    "\t",
    "🐻",
    "\u{301}",
    "#version: 0.2\n",
];
/// Nesting depth; serde_json stops at 128, other readers may not.
const DEEP: usize = 100_000;

/// Change bytes anywhere.
pub fn bytes(input: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let place = rng.random_range(0..=input.len());
    let end = (place + rng.random_range(0..16)).min(input.len());
    match rng.random_range(0..7) {
        0 => input.truncate(place),
        1 => {
            if let Some(byte) = input.get_mut(place) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        2 => {
            if let Some(byte) = input.get_mut(place) {
                *byte = rng.random();
            }
        }
        3 => {
            input.drain(place..end);
        }
        4 => {
            let copy = input[place..end].to_vec();
            let to = rng.random_range(0..=input.len());
            input.splice(to..to, copy);
        }
        5 => {
            let some: Vec<u8> = (0..rng.random_range(1..9)).map(|_| rng.random()).collect();
            input.splice(place..place, some);
        }
        _ => {
            let text = TEXTS.choose(rng).unwrap_or(&"");
            input.splice(place..place, text.bytes());
        }
    }
}

/// Change a line of a text.
pub fn lines(input: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let mut lines: Vec<Vec<u8>> = input.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let (i, j) = (
        rng.random_range(0..lines.len()),
        rng.random_range(0..lines.len()),
    );
    match rng.random_range(0..5) {
        0 => drop(lines.remove(i)),
        1 => lines.insert(i, lines[j].clone()),
        2 => lines.swap(i, j),
        3 => lines[i].clear(),
        _ => bytes(&mut lines[i], rng),
    }
    *input = lines.join(&b'\n');
}

/// Change a JSON text. Values become extreme, deeply nested, of a wrong type, or equal to another value of the text;
/// members are dropped, doubled or renamed; or only bytes change.
pub fn json(input: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let members = members(input);
    let Some(one) = members.choose(rng) else {
        return bytes(input, rng);
    };
    let other = members.choose(rng).unwrap_or(one);
    let value = VALUES.choose(rng).unwrap_or(&"null").as_bytes().to_vec();
    let of = |range: &Range<usize>| input[range.clone()].to_vec();
    let (place, new) = match rng.random_range(0..12) {
        0..4 => (one.value.clone(), value),
        4 => (one.value.clone(), of(&other.value)),
        // Drop the member together with the comma that follows it, if any.
        5 => {
            let comma = usize::from(input.get(one.whole.end) == Some(&b','));
            (one.whole.start..one.whole.end + comma, Vec::new())
        }
        6 => {
            let copy = [&input[one.whole.clone()], b","].concat();
            (one.whole.start..one.whole.start, copy)
        }
        7 => match (&one.key, &other.key) {
            (Some(key), Some(name)) => (key.clone(), of(name)),
            _ => (one.value.clone(), value),
        },
        // The same key a second time, with another value.
        8 => match &one.key {
            Some(key) => {
                let again = [&input[key.clone()], b":", &value, b","].concat();
                (one.whole.start..one.whole.start, again)
            }
            None => (one.value.clone(), value),
        },
        9 => {
            let (open, close) = *[("[", "]"), ("{\"a\":", "}")]
                .choose(rng)
                .unwrap_or(&("[", "]"));
            let depth = *[1, 2, 100, 127, 128, 1000, DEEP].choose(rng).unwrap_or(&1);
            let deep = [
                open.repeat(depth).into_bytes(),
                of(&one.value),
                close.repeat(depth).into_bytes(),
            ];
            (one.value.clone(), deep.concat())
        }
        // Change the digits of a number or the characters of a string.
        10 => {
            let mut near = of(&one.value);
            let at = rng.random_range(0..=near.len());
            near.insert(at, *b"0123456789-+.eE\\u\"'".choose(rng).unwrap_or(&b'0'));
            (one.value.clone(), near)
        }
        _ => return bytes(input, rng),
    };
    input.splice(place, new);
}

/// Change a safetensors file: its header by structure, its length, its data.
pub fn safetensors(input: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let header = input
        .first_chunk::<8>()
        .map(|length| u64::from_le_bytes(*length) as usize);
    let Some(end) = header
        .map(|length| length.saturating_add(8))
        .filter(|end| *end <= input.len())
    else {
        return bytes(input, rng);
    };
    match rng.random_range(0..8) {
        0..5 => {
            let mut text = input[8..end].to_vec();
            json(&mut text, rng);
            // Mostly state the right length.
            let length = if rng.random_ratio(1, 8) {
                end - 8
            } else {
                text.len()
            };
            input.splice(..end, [&(length as u64).to_le_bytes()[..], &text].concat());
        }
        5 => {
            let lengths = [
                0,
                1,
                7,
                100_000_000,
                100_000_001,
                u64::MAX,
                u64::MAX - 7,
                input.len() as u64,
            ];
            let length = lengths.choose(rng).copied().unwrap_or(0);
            input.splice(..8, length.to_le_bytes());
        }
        6 if end < input.len() => {
            // Infinities and NaN.
            let at = rng.random_range(end..input.len());
            let to = (at + 4).min(input.len());
            input[at..to].fill(0xff);
        }
        _ => bytes(input, rng),
    }
}

/// A member of an object or an element of an array, as ranges of the text.
struct Member {
    /// The key with its quotes.
    key: Option<Range<usize>>,
    value: Range<usize>,
    /// Key, colon and value.
    whole: Range<usize>,
}

/// All members of all objects and arrays of a JSON text, and the text as a whole, up to the first syntax error.
fn members(text: &[u8]) -> Vec<Member> {
    let mut scanner = Scanner {
        text,
        at: 0,
        found: Vec::new(),
    };
    scanner.member(None, 0);
    scanner.found
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    found: Vec<Member>,
}

impl Scanner<'_> {
    /// Read a value, with the key that was read before it; `None` if there is none or it is nested too deeply.
    fn member(&mut self, key: Option<Range<usize>>, depth: usize) -> Option<()> {
        const MAX_DEPTH: usize = 200;
        self.space();
        let start = self.at;
        match self.text.get(start)? {
            b'{' | b'[' if depth == MAX_DEPTH => return None,
            b'{' => self.list(b'}', depth)?,
            b'[' => self.list(b']', depth)?,
            b'"' => {
                self.string()?;
            }
            _ => {
                let is_end = |byte: &u8| b",]}: \n\r\t\"".contains(byte);
                self.at += self.text[start..]
                    .iter()
                    .position(is_end)
                    .unwrap_or(self.text.len() - start);
                (self.at > start).then_some(())?;
            }
        }
        let value = start..self.at;
        self.found.push(Member {
            whole: key.as_ref().map_or(start, |key| key.start)..self.at,
            key,
            value,
        });
        Some(())
    }

    /// Read the contents of brackets.
    fn list(&mut self, close: u8, depth: usize) -> Option<()> {
        self.at += 1;
        loop {
            self.space();
            match self.text.get(self.at)? {
                b',' => self.at += 1,
                byte if *byte == close => {
                    self.at += 1;
                    return Some(());
                }
                b'"' if close == b'}' => {
                    let key = self.string()?;
                    self.space();
                    if self.text.get(self.at)? != &b':' {
                        return None;
                    }
                    self.at += 1;
                    self.member(Some(key), depth + 1)?;
                }
                _ => self.member(None, depth + 1)?,
            }
        }
    }

    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.text.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at);
                }
                _ => self.at += 1,
            }
        }
    }

    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }
}
