//! One safetensors file, read as its bytes come: a tensor at a time is in memory, a table of tokens by parts.

use std::collections::VecDeque;

use half::{bf16, f16};
use safetensors::tensor::Dtype;

use super::{
    header::{self, Entry, LENGTH, broken, invalid},
    layout,
};
use crate::{
    error::Result,
    gpt2::{Config, Embedding},
};

/// A tensor, or some rows of one that comes in parts.
#[derive(Debug, PartialEq)]
pub struct Piece {
    /// The tensor's name without prefix.
    pub name: String,
    /// Of this piece.
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Reads one file.
pub struct Reader {
    file: String,
    config: Config,
    /// Whether the file is all of the checkpoint.
    whole: bool,
    /// Bytes that have come.
    read: usize,
    state: State,
}

enum State {
    /// The length of the header, then the header.
    Header(Vec<u8>),
    Tensors {
        /// Those that are not complete, in the order of their bytes.
        left: VecDeque<Entry>,
        /// Bytes of the first of them that are done with.
        done: usize,
        piece: Filling,
    },
}

/// A piece that is not complete.
struct Filling {
    numbers: Numbers,
    /// Bytes that it takes, and how many are there.
    size: usize,
    filled: usize,
}

enum Numbers {
    F32(Vec<f32>),
    F16(Vec<u16>),
    BF16(Vec<u16>),
    /// Of a tensor that the model does not need.
    Skipped,
}

impl Reader {
    /// Read a file of that name, which is the whole checkpoint or one of several.
    pub fn new(file: &str, config: &Config, whole: bool) -> Self {
        Self {
            file: file.to_string(),
            config: config.clone(),
            whole,
            read: 0,
            state: State::Header(Vec::new()),
        }
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
        self.read += bytes.len();
        if let State::Header(header) = &mut self.state {
            let wanted = wanted(&self.file, header)?;
            bytes = move_some(bytes, header, wanted);
            let wanted = self::wanted(&self.file, header)?;
            bytes = move_some(bytes, header, wanted);
            if header.len() < LENGTH || header.len() < wanted {
                return Ok(());
            }
            let json = &header[LENGTH..];
            let left = header::entries(&self.file, json, &self.config, self.whole)?;
            let piece = next_piece(left.front(), 0);
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
            *piece = next_piece(left.front(), *done);
        }
    }

    /// The file is at its end.
    ///
    /// # Errors
    /// `Code::Checkpoint` when it is not complete.
    pub fn end(&self) -> Result<()> {
        let got = format!("a file of {} bytes", self.read);
        match &self.state {
            State::Header(header) if header.len() < LENGTH => {
                Err(broken(&self.file, "8 bytes of header length", got))
            }
            State::Header(_) => {
                let got = format!("a header length beyond the file's {} bytes", self.read);
                Err(broken(
                    &self.file,
                    "a header that ends within the file",
                    got,
                ))
            }
            State::Tensors { left, .. } if !left.is_empty() => {
                Err(wrong_size(&self.file, format!("{got} (truncated?)")))
            }
            State::Tensors { .. } => Ok(()),
        }
    }
}

fn wrong_size(file: &str, got: String) -> crate::error::Error {
    let expected = "all the bytes that the header announces and no more";
    broken(file, expected, got)
}

/// Bytes up to the end of what is known of the header.
fn wanted(file: &str, header: &[u8]) -> Result<usize> {
    match header.first_chunk::<LENGTH>() {
        Some(length) => Ok(LENGTH + header::length(file, *length)?),
        None => Ok(LENGTH),
    }
}

/// Move bytes until there are `wanted`; what is left.
fn move_some<'a>(bytes: &'a [u8], to: &mut Vec<u8>, wanted: usize) -> &'a [u8] {
    let n = bytes.len().min(wanted.saturating_sub(to.len()));
    to.extend_from_slice(&bytes[..n]);
    &bytes[n..]
}

/// Bytes of the piece of a tensor that begins after `done`: all, or of a table some rows.
fn full_size(entry: &Entry, done: usize) -> usize {
    let left = entry.bytes - done;
    match entry.shape[..] {
        [rows, width] if layout::is_table(&entry.name) && rows > 0 => {
            left.min(Embedding::rows_in_part(width) * (entry.bytes / rows))
        }
        _ => left,
    }
}

fn next_piece(entry: Option<&Entry>, done: usize) -> Filling {
    entry.map_or_else(Filling::none, |entry| {
        Filling::new(entry, full_size(entry, done))
    })
}

impl Filling {
    fn none() -> Self {
        Self {
            numbers: Numbers::Skipped,
            size: 0,
            filled: 0,
        }
    }

    fn new(entry: &Entry, size: usize) -> Self {
        let numbers = match entry.dtype {
            _ if !entry.is_needed => Numbers::Skipped,
            Dtype::F16 => Numbers::F16(vec![0; size / 2]),
            Dtype::BF16 => Numbers::BF16(vec![0; size / 2]),
            _ => Numbers::F32(vec![0.0; size / 4]),
        };
        Self {
            numbers,
            size,
            filled: 0,
        }
    }

    /// Take what belongs to this piece, the rest is returned. The format's bytes are little-endian, as those
    /// of wasm and of every machine that we run on.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let n = bytes.len().min(self.size - self.filled);
        let place = self.filled..self.filled + n;
        match &mut self.numbers {
            Numbers::F32(x) => bytemuck::cast_slice_mut(x)[place].copy_from_slice(&bytes[..n]),
            Numbers::F16(x) | Numbers::BF16(x) => {
                bytemuck::cast_slice_mut(x)[place].copy_from_slice(&bytes[..n]);
            }
            Numbers::Skipped => (),
        }
        self.filled += n;
        &bytes[n..]
    }

    /// The complete piece of an entry, after `done` bytes of it; `None` where nobody needs it.
    fn finish(self, entry: &Entry, done: usize) -> Result<Option<Piece>> {
        let values: Vec<f32> = match self.numbers {
            Numbers::F32(x) => x,
            Numbers::F16(x) => x.into_iter().map(|b| f16::from_bits(b).to_f32()).collect(),
            Numbers::BF16(x) => x.into_iter().map(|b| bf16::from_bits(b).to_f32()).collect(),
            Numbers::Skipped => return Ok(None),
        };
        if let Some(i) = values.iter().position(|v| !v.is_finite()) {
            let before = done / (self.size / values.len());
            let got = format!("{} at element {}", values[i], before + i);
            return Err(invalid(&entry.name, "finite numbers", got));
        }
        let mut shape = entry.shape.clone();
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
