//! A layer's inputs times its weights, and what follows, by the kernel that a model has chosen.

use burn::tensor::Tensor;
use pathpatch_kernels::{Kernel, Tile};

use super::{
    activation::{Activation, activate},
    dense,
};

/// Which kernel multiplies. A model holds one: two models of a process may differ.
#[derive(Debug, Clone, Copy, Default)]
pub enum Product {
    /// Burn's; natively on the CPU the `gemm` crate, by which Burn multiplies there, without its copies.
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
    /// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, which may be a transposed view of weights
    /// - returns `[rows, d_out]`
    pub fn matmul(self, x: Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        if let Some(kernel) = self.on_cpu()
            && let Some(y) = dense::matmul(kernel, &x, w)
        {
            return y;
        }
        #[cfg(feature = "webgpu")]
        if let Self::Tiled = self {
            return super::tiled::matmul(x, w).unwrap_or_else(|x| x.matmul(w.clone()));
        }
        x.matmul(w.clone())
    }

    /// `x @ w + b`.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`; returns `[rows, d_out]`
    pub fn with_bias(self, x: Tensor<2>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
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
        activate(self.matmul(x, w), b, activation)
    }

    /// `resid + x @ w + b`: the residual stream after a sublayer.
    ///
    /// # Shapes
    /// - `resid`: `[rows, d_out]`, also returned; `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`
    pub fn add_to(self, resid: Tensor<2>, x: Tensor<2>, w: &Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
        let resid = match self.on_cpu() {
            Some(kernel) => dense::add_to(kernel, resid, &x, w, b),
            None => Err(resid),
        };
        resid.unwrap_or_else(|resid| resid + self.with_bias(x, w, b))
    }

    /// Our kernel for the CPU, if it is that.
    fn on_cpu(self) -> Option<Kernel> {
        match self {
            #[cfg(not(target_family = "wasm"))]
            Self::Burn => Some(Kernel::Gemm),
            Self::Fused(tile) => Some(Kernel::Tile(tile)),
            #[cfg(any(target_family = "wasm", feature = "webgpu"))]
            _ => None,
        }
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
}
