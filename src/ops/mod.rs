//! The arithmetic of a GPT-2: one front over what computes it.
//!
//! A matrix product does hundreds of floating-point operations for each number that it reads. The steps between two
//! products do a few: their cost is that of reading and writing memory, and an `exp` that is not vectorised costs more
//! than the product beside it.
//!
//! - On the CPU each of these steps is one loop of `pathpatch_kernels`, which reads tensors where they are; Burn's flex
//!   backend hands out their bytes. On a GPU it is one of the kernels of `gpu`. A bias or an activation that follows a
//!   product is part of it, natively and on a GPU. Under autodiff, where models are trained, each step is the same formula
//!   in Burn's operations, but for the attention of rows, which training does without. The tensor's device decides.
//! - Products are Burn's or one of ours: on a GPU one of `gpu`, on the CPU `dense`, in a browser around a tile of relaxed
//!   SIMD.
//!   The model decides: it holds a [`Product`].
//!
//! Knows no model, only tensors.

mod activate;
mod activation;
mod at_once;
mod attend;
mod attention;
mod dense;
#[cfg(feature = "webgpu")]
mod gpu;
mod host;
mod index;
mod lookup;
mod moves;
mod norm;
mod part;
mod past;
mod product;
mod rows;
mod sets;
mod shown;
mod total;

pub use activate::activate_products;
pub use activation::Activation;
pub use at_once::{Backwards, Worth, attention_backwards, attention_changes, linear_changes};
pub use attend::{attend, attend_absorbed, by_head, change_of_z};
pub use attention::{attention, causal_mask};
#[cfg(feature = "webgpu")]
pub use gpu::Tile as GpuTile;
pub(crate) use host::Held;
pub use host::{has_f16, largest_buffer, on_cpu, widest_head};
pub use index::index;
pub use lookup::look_up;
pub use moves::{add, cat, pick, subtract};
pub use norm::{layer_norm, norm_change, normalise, through_norm};
pub use part::Part;
pub use past::Past;
pub use pathpatch_kernels::{Input as HeadInput, Tile};
pub use product::{Product, matmul};
pub use rows::{OneRow, Queries};
pub use sets::signed_sum;
pub use shown::Shown;
pub use total::LogSum;
