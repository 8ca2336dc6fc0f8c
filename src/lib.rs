//! Path patching on GPT-2: what each edge does, from a part of the model that writes to one that reads.
//!
//! Parts that write are the embedding, heads and MLPs; heads (by query, key or value), MLPs and the logits read. For one
//! edge, only what its receiver reads of its sender is replaced, by what the sender writes in the other run of a pair of
//! prompts, by a mean or by zero; the model is run again from there and a metric of the output recorded. The equation
//! stands in [`patching`], nodes and edges in [`patching::graph`]. Results match TransformerLens's `direct_path_patching`
//! between heads and EAP-IG's scores on the whole graph.
//!
//! # Shapes
//! `batch` pairs of prompts, `pos` tokens, `head`s of width `d_head`, a residual stream of width
//! `d_model`, `rows` = the positions from the first one that a patch can change. `from` and `to` are the two ends of an
//! edge, `src` and `dst` between heads; `clean` and `corrupted` the two prompts of a pair.
//!
//! # Map
//! [`session`] holds the use cases; [`loading`] leads to one. The command line and the browser's module are crates of their own and call it;
//! [`directory`] loads a session from a model's directory. Under it [`checkpoint`] turns files into a [`gpt2`] model on a
//! [`device`], `question` reads a request by means of [`tokenizer`] and [`prompt`], which turn texts (or a file of
//! [`pairs`]) into batches, [`patching`] runs the edges of [`patching::graph`] and [`metric`] reads their logits; [`ops`]
//! is the arithmetic of all of them. [`rate`] is what a device can do at its best, [`sniff`] tells what a wrong file is;
//! [`pause`] and [`error`] are known to all.

pub mod checkpoint;
pub mod device;
pub mod directory;
pub mod error;
pub mod gpt2;
pub mod loading;
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
