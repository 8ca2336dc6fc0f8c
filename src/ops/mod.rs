//! The arithmetic of a GPT-2: one front over what computes it.
//!
//! A matrix product does hundreds of floating-point operations for each number that it reads. The steps between two
//! products do a few: their cost is that of reading and writing memory, and an `exp` that is not vectorised costs more
//! than the product beside it.
//!
//! - On the CPU each of these steps is one loop of `pathpatch_kernels` over the tensor's own bytes, which Burn's flex
//!   backend hands out without a copy where nothing else holds the tensor. On a GPU, and under autodiff, it is the same
//!   formula in Burn's operations. The tensor's device decides.
//! - Products are Burn's or one of ours: on a GPU `tiled`, on the CPU `dense`, in a browser around a tile of relaxed SIMD.
//!   The model decides: it holds a [`Product`].
//!
//! Knows no model, only tensors.

mod activation;
mod attend;
mod attention;
mod dense;
mod host;
mod index;
mod norm;
mod product;
mod rows;
#[cfg(feature = "webgpu")]
mod tiled;
mod total;

pub use activation::{Activation, activate_products};
pub use attend::{attend, attend_absorbed, by_head, change_of_z};
pub use attention::{attention, causal_mask};
pub(crate) use host::Held;
pub use host::on_cpu;
pub use index::index;
pub use norm::{layer_norm, normalise};
pub use pathpatch_kernels::{Input as HeadInput, Tile};
pub use product::Product;
pub use rows::{Past, Queries};
pub use total::LogSum;
