//! One safetensors file, read as its bytes come: a tensor at a time is in memory, a table of tokens by parts.

use std::collections::VecDeque;

use half::{bf16, f16};

use super::{
    header::{self, Contents, Entry, LENGTH, broken, invalid},
    layout,
    notes::Notes,
};
use crate::{
    error::{Error, Result},
    gpt2::{Config, Embedding},
    sniff,
};

/// Bytes that are allocated at once for a tensor of which none have come: beyond, memory grows with what has
/// come, whatever the header says will.
const AT_ONCE: usize = 64 << 20;

/// A tensor, or some rows of one that comes in parts.
#[derive(Debug, PartialEq)]
pub struct Piece {
    /// The tensor's canonical name.
    pub name: String,
    /// The shape of this piece.
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Reads one file.
pub struct Reader {
    file: String,
    config: Config,
    /// What begins the names of a checkpoint in several files; `None` where the file is all of it.
    prefix: Option<String>,
    /// Bytes that have come.
    read: u64,
    state: State,
    /// What a user should know of the file, once the header is read.
    notes: Notes,
}

enum State {
    /// The length of the header, then the header.
    Header(Vec<u8>),
    Tensors {
        /// Those that are not complete, in the order of their bytes.
        left: VecDeque<Entry>,
        /// Bytes of the first of them that are done with.
        done: u64,
        piece: Filling,
    },
}

/// A piece that is not complete.
struct Filling {
    numbers: Numbers,
    /// Bytes that it takes, and how many are there.
    size: u64,
    filled: u64,
}

enum Numbers {
    F64(Vec<f64>),
    F32(Vec<f32>),
    F16(Vec<u16>),
    BF16(Vec<u16>),
    /// Bytes of a tensor that the model does not need.
    Skipped,
}

impl Reader {
    /// Read a file of that name: the whole checkpoint, or one of several whose tensors have a prefix.
    pub fn new(file: &str, config: &Config, prefix: Option<String>) -> Self {
        Self {
            file: file.to_string(),
            config: config.clone(),
            prefix,
            read: 0,
            state: State::Header(Vec::new()),
            notes: Notes::default(),
        }
    }

    /// What a user should know of the file, given once.
    pub fn take_notes(&mut self) -> Notes {
        std::mem::take(&mut self.notes)
    }

    /// Take the next bytes, however many, and give the pieces that they complete.
    ///
    /// # Errors
    /// `Code::Checkpoint`, and whatever `take` returns.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut take: impl FnMut(Piece) -> Result<()>,
    ) -> Result<()> {
        self.read += bytes.len() as u64;
        if let State::Header(header) = &mut self.state {
            bytes = move_some(bytes, header, LENGTH);
            let Some(length) = header.first_chunk::<LENGTH>() else {
                return Ok(());
            };
            let Some(length) = header::length(*length) else {
                // Some more, to tell what it is.
                move_some(bytes, header, sniff::ENOUGH);
                return match header.len() < sniff::ENOUGH {
                    true => Ok(()),
                    false => Err(header::not_safetensors(&self.file, header)),
                };
            };
            bytes = move_some(bytes, header, LENGTH + length);
            if header.len() < LENGTH + length {
                return Ok(());
            }
            let Contents {
                entries: left,
                notes,
            } = header::contents(&self.file, header, &self.config, self.prefix.as_deref())?;
            self.notes = notes;
            let piece = next_piece(left.front(), 0)?;
            self.state = State::Tensors {
                left,
                done: 0,
                piece,
            };
        }
        let State::Tensors { left, done, piece } = &mut self.state else {
            return Ok(());
        };
        loop {
            bytes = piece.fill(bytes);
            if piece.filled < piece.size {
                return Ok(());
            }
            let Some(entry) = left.front() else {
                return match bytes {
                    [] => Ok(()),
                    _ => Err(wrong_size(
                        &self.file,
                        format!("at least {} bytes", self.read),
                    )),
                };
            };
            let full = std::mem::replace(piece, Filling::none());
            if let Some(piece) = full.finish(entry, *done)? {
                take(piece)?;
            }
            *done += full_size(entry, *done);
            if *done == entry.bytes {
                left.pop_front();
                *done = 0;
            }
            *piece = next_piece(left.front(), *done)?;
        }
    }

    /// The file is at its end.
    ///
    /// # Errors
    /// `Code::Checkpoint` when it is not complete.
    pub fn end(&self) -> Result<()> {
        let got = format!("a file of {} bytes", self.read);
        match &self.state {
            State::Header(header) => {
                let length = header.first_chunk::<LENGTH>().map(|n| header::length(*n));
                match (length, sniff::sniff(header)) {
                    (None | Some(None), Some(_)) | (Some(None), None) => {
                        Err(header::not_safetensors(&self.file, header))
                    }
                    (None, None) => Err(broken(&self.file, "8 bytes of header length", got)),
                    (Some(Some(_)), _) => {
                        let got = format!("a header length beyond the file's {} bytes", self.read);
                        let expected = "a header that ends within the file";
                        Err(broken(&self.file, expected, got))
                    }
                }
            }
            State::Tensors { left, .. } if !left.is_empty() => {
                Err(wrong_size(&self.file, format!("{got} (truncated?)")))
            }
            State::Tensors { .. } => Ok(()),
        }
    }
}

fn wrong_size(file: &str, got: String) -> Error {
    let expected = "all the bytes that the header announces and no more";
    broken(file, expected, got)
}

/// Move bytes until there are `wanted`; what is left.
fn move_some<'a>(bytes: &'a [u8], to: &mut Vec<u8>, wanted: usize) -> &'a [u8] {
    let n = bytes.len().min(wanted.saturating_sub(to.len()));
    to.extend_from_slice(&bytes[..n]);
    &bytes[n..]
}

/// Bytes of the piece of a tensor that begins after `done`: all, or some rows of a table.
fn full_size(entry: &Entry, done: u64) -> u64 {
    let left = entry.bytes - done;
    match entry.shape[..] {
        [rows, width] if entry.is_needed && layout::is_table(&entry.name) => {
            let rows_in_part = Embedding::rows_in_part(width as usize) as u64;
            left.min(rows_in_part * (entry.bytes / rows))
        }
        _ => left,
    }
}

fn next_piece(entry: Option<&Entry>, done: u64) -> Result<Filling> {
    match entry {
        Some(entry) => Filling::new(entry, full_size(entry, done)),
        None => Ok(Filling::none()),
    }
}

impl Filling {
    fn none() -> Self {
        Self {
            numbers: Numbers::Skipped,
            size: 0,
            filled: 0,
        }
    }

    fn new(entry: &Entry, size: u64) -> Result<Self> {
        let numbers = match &entry.dtype[..] {
            _ if !entry.is_needed => Numbers::Skipped,
            "F64" => Numbers::F64(Vec::new()),
            "F16" => Numbers::F16(Vec::new()),
            "BF16" => Numbers::BF16(Vec::new()),
            _ => Numbers::F32(Vec::new()),
        };
        if entry.is_needed && isize::try_from(size).is_err() {
            let expected = "a tensor that this machine can address";
            return Err(invalid(&entry.name, expected, format!("{size} bytes")));
        }
        Ok(Self {
            numbers,
            size,
            filled: 0,
        })
    }

    /// Take what belongs to this piece, the rest is returned. The format's bytes are little-endian, as those
    /// of wasm and of every machine that we run on.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let left = self.size - self.filled;
        let n = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (now, rest) = bytes.split_at(n);
        // Sizes of pieces that are not skipped are addresses: `new` has checked it.
        let (first, size) = (self.filled as usize, self.size as usize);
        match &mut self.numbers {
            Numbers::F64(x) => append(x, first, size, now),
            Numbers::F32(x) => append(x, first, size, now),
            Numbers::F16(x) | Numbers::BF16(x) => append(x, first, size, now),
            Numbers::Skipped => (),
        }
        self.filled += n as u64;
        rest
    }

    /// The complete piece of an entry, after `done` bytes of it; `None` where nobody needs it.
    fn finish(self, entry: &Entry, done: u64) -> Result<Option<Piece>> {
        let values: Vec<f32> = match self.numbers {
            Numbers::F64(x) => x.into_iter().map(|x| x as f32).collect(),
            Numbers::F32(x) => x,
            Numbers::F16(x) => x.into_iter().map(|b| f16::from_bits(b).to_f32()).collect(),
            Numbers::BF16(x) => x.into_iter().map(|b| bf16::from_bits(b).to_f32()).collect(),
            Numbers::Skipped => return Ok(None),
        };
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            let before = done / (self.size / values.len() as u64);
            let got = format!("{} at element {}", values[i], before + i as u64);
            let expected = match &entry.dtype[..] {
                "F64" => "finite numbers within the range of f32",
                _ => "finite numbers",
            };
            return Err(invalid(&entry.name, expected, got));
        }
        let mut shape: Vec<usize> = entry.shape.iter().map(|n| *n as usize).collect();
        if let [rows, width] = &mut shape[..] {
            *rows = values.len() / (*width).max(1);
        }
        Ok(Some(Piece {
            name: entry.name.clone(),
            shape,
            values,
        }))
    }
}

/// Put bytes after the `first` that are there of `size` in all.
fn append<T: bytemuck::Pod>(numbers: &mut Vec<T>, first: usize, size: usize, bytes: &[u8]) {
    let width = size_of::<T>();
    let end = first + bytes.len();
    if numbers.len() * width < end {
        let most = size / width;
        let wanted = end.div_ceil(width).max(2 * numbers.len());
        let wanted = wanted.max(AT_ONCE / width).min(most);
        numbers.reserve_exact(wanted - numbers.len());
        numbers.resize(wanted, T::zeroed());
    }
    bytemuck::cast_slice_mut(numbers)[first..end].copy_from_slice(bytes);
}
