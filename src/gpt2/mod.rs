//! GPT-2 on Burn tensors: its shape, its processed weights, its forward pass and what that pass keeps.
//!
//! Knows nothing of checkpoints, patching or prompts. Leaves out everything training needs.

mod activation;
mod attention;
mod cache;
mod config;
mod embedding;
mod forward;
mod kernels;
mod linear;
mod matmul;
mod norm;
mod steps;
mod unembed;
mod weights;

pub use activation::Activation;
pub use attention::{attention, causal_mask};
pub use cache::{ActivationCache, BlockCache};
pub use config::Config;
pub use embedding::Embedding;
pub use kernels::{Past, Queries, index, on_cpu};
pub use linear::linear;
#[cfg(feature = "webgpu")]
pub use matmul::tiled;
pub use matmul::{cpu_kernel, fused, matmul};
pub use norm::layer_norm;
pub use steps::Steps;
pub use unembed::{Unembed, Unembedding};
pub use weights::{Block, Gpt2};
