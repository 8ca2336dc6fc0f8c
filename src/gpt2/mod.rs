//! GPT-2 on Burn tensors: its shape, its processed weights, its forward pass and what that pass keeps.
//!
//! Knows nothing of checkpoints, patching or prompts. Leaves out what only training needs. The arithmetic is in
//! [`ops`](crate::ops).

mod block;
mod cache;
mod config;
mod embedding;
mod forward;
mod layers;
mod steps;
mod unembed;
mod weights;

pub use block::Block;
pub use cache::{ActivationCache, BlockCache};
pub use config::Config;
pub use embedding::Embedding;
pub use layers::{Layer, Layers, Lender};
pub use steps::{Steps, absorbs};
pub use unembed::{Unembed, Unembedding};
pub use weights::Gpt2;
