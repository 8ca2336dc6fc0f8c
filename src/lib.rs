//! Direct path patching on GPT-2: which attention head talks to which.
//!
//! For a source head A and every later head B, only what A writes into B's query, key or value is taken
//! from a clean run and put into a corrupted one; the model is re-run from there and a metric of the
//! output recorded. The equation stands in [`patching`]; results match TransformerLens's
//! `direct_path_patching`.
//!
//! # Shapes
//! `batch` pairs of prompts, `pos` tokens, `head`s of width `d_head`, a residual stream of width
//! `d_model`, `rows` = the positions from the first one that a patch can change. `src` and `dst` are the
//! heads at the two ends of an edge; `clean` and `corrupted` the two prompts of a pair.
//!
//! # Map
//! [`session`] holds the use cases. The command line and the browser's module are crates of their own and call it;
//! [`directory`] loads a session from a model's directory. Under it
//! [`checkpoint`] turns files into a [`gpt2`] model on a [`device`], [`tokenizer`] and [`prompt`] turn texts (or a file of
//! [`pairs`]) into batches, [`patching`] runs the edges and [`metric`] reads their logits; [`ops`] is the arithmetic of all of them. [`rate`] is what a device can
//! do at its best, [`sniff`] tells what a wrong file is; [`pause`] and [`error`] are known to all.

pub mod checkpoint;
pub mod device;
pub mod directory;
pub mod error;
pub mod gpt2;
pub mod metric;
pub mod ops;
pub mod pairs;
pub mod patching;
pub mod pause;
pub mod prompt;
mod question;
pub mod rate;
mod request;
pub mod session;
pub mod sniff;
pub mod tokenizer;
