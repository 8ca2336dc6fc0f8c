//! The base run of some prompts and what a patch adds to it, from which every edge of theirs starts.
//!
//! ```text
//! delta[sender] = (what goes in) - (what the sender writes in the base run)
//! ```
//!
//! What goes in is what the sender writes in the other run, its mean over the pairs at each position, or nothing. A head
//! writes `(z + b_V) W_O` with its value bias, which processing has folded away and the block still knows; an MLP writes
//! its output with `b_out`; the input writes token embeddings without positions. Deltas of heads are kept as those of z.
//!
//! Kept are, for each layer, the base run's residual stream on the rows, its keys and values before them, and the deltas:
//! `12 n_layers d_model` bytes a token. What a layer's receivers make of the base run is computed when it is asked for:
//! see [`Destination`]. By causality nothing before the first row is changed by a patch, and the other run equals the
//! base run there: it is run on the rows alone.

mod base;
mod destination;
mod means;
mod receive;
mod share;
mod step;
mod write;

pub(super) use base::{Activations, GoesIn, Keep, Look, Slice};
pub(super) use destination::Destination;
pub(super) use means::Means;
pub(super) use share::SharedPart;
