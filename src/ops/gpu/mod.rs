//! Kernels for GPUs, written in CubeCL and compiled when they are first used.
//!
//! Each does in one pass what Burn's operations do in several: a normalisation of rows, a product with what follows it, the
//! attention of rows over a shared past. A pass costs a GPU the reading and writing of its numbers and a browser 30 to 60
//! microseconds of calls; a kernel costs a compilation, on software adapters seconds of it. So there are few, with shapes
//! that are known at run time, and they read their operands where they are.
//!
//! Numbers are read as vectors of four where the sizes are multiples of four, else one by one. Arguments of `exp` are
//! clamped, as WGSL does not say what an overflow gives. A barrier stands only where all units of a workgroup come by: loops
//! around barriers run as long as the launch says, not as long as a number of a tensor says.
//!
//! Every function gives `None` for tensors that are not on a GPU, or whose gradients are recorded.

mod activation;
mod attend;
mod backwards;
mod buffer;
mod contiguous;
mod dots;
mod heads;
mod keys;
mod launch;
mod lookup;
mod moves;
mod norm;
mod patched;
mod product;
mod registers;
mod rows;
mod sets;
mod shared;
mod slope;
mod sums;
mod transposed;
mod worth;

pub use attend::attend;
pub use backwards::attention_backwards;
pub use buffer::{has_f16, largest_buffer};
pub use dots::linear_changes;
pub use heads::by_head;
pub use keys::widest_head;
pub use lookup::look_up;
pub use moves::{cat, pick};
pub use norm::{layer_norm, norm_change, through_norm};
pub use patched::change_of_z;
pub use product::{After, Tile, batched, product, stacked};
pub use rows::{put_back, take};
pub use sets::signed_sum;
pub use slope::through_activation;
pub use sums::add;
pub use worth::attention_changes;
