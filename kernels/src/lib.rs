//! The steps between the matrix products of a GPT-2 block, on slices, each in one pass over memory.
//!
//! This is a separate crate so that it can be compiled for speed while the rest is compiled for size. The loops are
//! plain Rust that the compiler can vectorise. Natively, `pulp` compiles each loop for several instruction sets (up to
//! AVX-512) and picks one at run time, and threads share the rows. In wasm they become 128-bit SIMD on one thread.

mod absorbed;
mod activation;
mod after;
mod attend;
mod math;
mod matmul;
mod matrix;
mod norm;
mod past;
mod patched;
#[cfg(not(target_family = "wasm"))]
mod pieces;
mod rows;
#[cfg(test)]
mod testing;
mod tile;
mod total;

pub use absorbed::{Absorbed, attend_absorbed};
pub use activation::{Activation, Products, activate_products};
pub use after::After;
pub use attend::{Attention, attend};
pub use matmul::{Kernel, Tile, add_matmul, matmul};
pub use matrix::Matrix;
pub use norm::normalise;
pub use patched::{Input, Patched, change_of_z};
pub use tile::plain_tile;
pub use total::{Totals, add_to_totals};
