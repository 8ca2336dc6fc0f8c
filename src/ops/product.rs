//! A layer's inputs times its weights, and what follows, by the kernel that a model has chosen.

use burn::tensor::Tensor;
use pathpatch_kernels::Tile;

#[cfg(feature = "webgpu")]
use super::gpu::{self, After};
use super::{
    activation::{Activation, activate},
    fused,
    residual::add_to_residual,
};

/// Which kernel multiplies. A model holds one: two models of a process may differ.
#[derive(Debug, Clone, Copy, Default)]
pub enum Product {
    /// Burn's.
    #[default]
    Burn,
    /// Ours for the CPU, around this tile.
    Fused(Tile),
    /// Ours for GPUs: how it is cut, and the activation of the model's MLPs, which is compiled into it.
    #[cfg(feature = "webgpu")]
    Gpu(gpu::Tile, Activation),
}

impl Product {
    /// Its name: on the CPU `flex`, Burn's, or `fused`; on a GPU that of the tile, or `cubek`, Burn's.
    pub fn name(self, on_cpu: bool) -> &'static str {
        match self {
            Self::Burn if on_cpu => "flex",
            Self::Burn => "cubek",
            Self::Fused(_) => "fused",
            #[cfg(feature = "webgpu")]
            Self::Gpu(tile, _) => tile.as_str(),
        }
    }

    /// `x @ w`; by Burn where the kernel does not take such operands.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, which may be a transposed view of weights
    /// - returns `[rows, d_out]`
    pub fn matmul(self, x: Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Some(y) = self.on_gpu(&x, w, After::Nothing) {
            return y;
        }
        let by_ours = match self {
            Self::Fused(tile) => fused::matmul(tile, x, w),
            _ => Err(x),
        };
        by_ours.unwrap_or_else(|x| x.matmul(w.clone()))
    }

    /// `x @ w + b`.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`; returns `[rows, d_out]`
    pub fn with_bias(self, x: Tensor<2>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Some(y) = self.on_gpu(&x, w, After::Bias(b)) {
            return y;
        }
        self.matmul(x, w) + b.clone().unsqueeze()
    }

    /// `activation(x @ w + b)`.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`; returns `[rows, d_out]`
    pub fn activated(
        self,
        x: Tensor<2>,
        w: &Tensor<2>,
        b: &Tensor<1>,
        activation: Activation,
    ) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Self::Gpu(_, compiled) = self
            && compiled == activation
            && let Some(y) = self.on_gpu(&x, w, After::Activation(b))
        {
            return y;
        }
        activate(self.matmul(x, w), b, activation)
    }

    /// `resid + x @ w + b`: the residual stream after a sublayer.
    ///
    /// # Shapes
    /// - `resid`: `[rows, d_out]`, also returned; `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`
    pub fn add_to(self, resid: Tensor<2>, x: Tensor<2>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Some(y) = self.on_gpu(&x, w, After::Residual(b, &resid)) {
            return y;
        }
        add_to_residual(resid, self.matmul(x, w), b)
    }

    /// [`Product::with_bias`] on batches of sequences, as one product.
    ///
    /// # Shapes
    /// - `x`: `[batch, pos, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`
    /// - returns `[batch, pos, d_out]`
    pub fn linear(self, x: Tensor<3>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<3> {
        let [batch, pos, d_in] = x.dims();
        let [_, d_out] = w.dims();
        let y = self.with_bias(x.reshape([batch * pos, d_in]), w, b);
        y.reshape([batch, pos, d_out])
    }

    #[cfg(feature = "webgpu")]
    fn on_gpu(self, x: &Tensor<2>, w: &Tensor<2>, after: After<'_>) -> Option<Tensor<2>> {
        match self {
            Self::Gpu(tile, activation) => gpu::product(tile, x, w, after, activation),
            _ => None,
        }
    }
}
