//! A layer's inputs times its weights, by the kernel that a model has chosen.

use burn::tensor::Tensor;
use pathpatch_kernels::Tile;

use super::fused;

/// Which kernel multiplies. A model holds one: two models of a process may differ.
#[derive(Debug, Clone, Copy, Default)]
pub enum Product {
    /// Burn's.
    #[default]
    Burn,
    /// Ours for the CPU, around this tile.
    Fused(Tile),
    /// Ours for GPUs.
    #[cfg(feature = "webgpu")]
    Tiled,
}

impl Product {
    /// Its name: on the CPU `flex`, Burn's, or `fused`; on a GPU `cubek`, Burn's, or `tiled`.
    pub fn name(self, on_cpu: bool) -> &'static str {
        match self {
            Self::Burn if on_cpu => "flex",
            Self::Burn => "cubek",
            Self::Fused(_) => "fused",
            #[cfg(feature = "webgpu")]
            Self::Tiled => "tiled",
        }
    }

    /// `x @ w`; by Burn where the kernel does not take such operands.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`
    /// - returns `[rows, d_out]`
    pub fn matmul(self, x: Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        let by_ours = match self {
            Self::Burn => Err(x),
            Self::Fused(tile) => fused::matmul(tile, x, w),
            #[cfg(feature = "webgpu")]
            Self::Tiled => super::tiled::matmul(x, w),
        };
        by_ours.unwrap_or_else(|x| x.matmul(w.clone()))
    }

    /// `x @ w + b` on batches of sequences, as one product.
    ///
    /// # Shapes
    /// - `x`: `[batch, pos, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`
    /// - returns `[batch, pos, d_out]`
    pub fn linear(self, x: Tensor<3>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<3> {
        let [batch, pos, d_in] = x.dims();
        let [_, d_out] = w.dims();
        let y = self.matmul(x.reshape([batch * pos, d_in]), w) + b.clone().unsqueeze();
        y.reshape([batch, pos, d_out])
    }
}
