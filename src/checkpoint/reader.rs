//! Reads one safetensors file as its bytes arrive, with one tensor in memory at a time; token tables are read in parts.

use std::collections::VecDeque;

use half::{bf16, f16};

use super::{
    errors::{broken, invalid},
    header::{self, Contents, Entry, LENGTH},
    layout,
    notes::Notes,
};
use crate::{
    error::{Error, Result},
    gpt2::{Config, Embedding},
    sniff,
};

/// Most bytes allocated for a tensor before any of it has arrived. Above this, memory grows with the bytes that do
/// arrive, whatever size the header claims.
const AT_ONCE: usize = 64 << 20;

/// A tensor, or some rows of one that is read in parts.
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
    /// Prefix of all names, for a checkpoint in several files; `None` if this file is the whole checkpoint.
    prefix: Option<String>,
    /// Bytes read so far.
    read: u64,
    state: State,
    /// What the user should know about the file, once the header is read.
    notes: Notes,
}

enum State {
    /// The length of the header, then the header.
    Header(Vec<u8>),
    Tensors {
        /// Tensors that are not complete, in the order of their bytes.
        left: VecDeque<Entry>,
        /// Bytes of the first one that have been handed out.
        done: u64,
        piece: Filling,
    },
}

/// A piece that is not complete.
struct Filling {
    numbers: Numbers,
    /// Its bytes in all, and how many of them have arrived.
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
    /// Begin a file: the whole checkpoint, or with a `prefix` one of several files.
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

    /// What the user should know about the file; a second call returns nothing.
    pub fn take_notes(&mut self) -> Notes {
        std::mem::take(&mut self.notes)
    }

    /// Take the next bytes, however many, and hand each piece that they complete to `take`.
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
                // Collect enough bytes to recognise what the file is.
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

    /// Call at the end of the file.
    ///
    /// # Errors
    /// `Code::Checkpoint` when the file is not complete.
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

/// Move bytes into `to` until it has `wanted`, and return the rest.
fn move_some<'a>(bytes: &'a [u8], to: &mut Vec<u8>, wanted: usize) -> &'a [u8] {
    let n = bytes.len().min(wanted.saturating_sub(to.len()));
    to.extend_from_slice(&bytes[..n]);
    &bytes[n..]
}

/// Size of the piece of a tensor that begins at byte `done`: the rest of the tensor, or some rows of a table.
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

    /// Take the bytes of this piece and return the rest. The format is little-endian, as are wasm and all machines
    /// that we support.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let left = self.size - self.filled;
        let n = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (now, rest) = bytes.split_at(n);
        // For pieces that are not skipped, `new` has checked that these fit into an address.
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

    /// The complete piece, which begins at byte `done` of the entry; `None` if the model does not need it.
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

/// Write `bytes` at byte `first` of a buffer that will have `size` bytes in all.
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
