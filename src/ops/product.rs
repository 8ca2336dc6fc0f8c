//! A layer's inputs times its weights, and what follows, by the kernel that a model has chosen.

use burn::{
    backend::{Flex, ops::FloatTensorOps},
    tensor::Tensor,
};
use pathpatch_kernels::{Kernel, Tile, plain_tile};

#[cfg(feature = "webgpu")]
use super::gpu::{self, After};
use super::{activate::activate, activation::Activation, dense, host::on_cpu, part::Part};

/// Which kernel multiplies. A model holds one: two models of a process may differ.
#[derive(Debug, Clone, Copy, Default)]
pub enum Product {
    /// Burn's; natively on the CPU the `gemm` crate, by which Burn multiplies there, without its copies.
    #[default]
    Burn,
    /// Ours for the CPU, around this tile.
    Fused(Tile),
    /// Ours for GPUs: how it is cut, and the activation of the model's MLPs, which is compiled into it.
    #[cfg(feature = "webgpu")]
    Gpu(gpu::Tile, Activation),
}

/// The product of the last two dimensions, for each place in those before, which both operands have.
///
/// Burn's own for any device has Burn's kernels for GPUs in it, a third of the wasm module, which nothing here runs.
///
/// # Shapes
/// - `a`: `[.., m, k]`, `b`: `[.., k, n]`; returns `[.., m, n]`
///
/// # Panics
/// In a browser under autodiff, which it does not have.
pub fn matmul<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    if on_cpu(&a.device()) {
        let [a, b] = [a, b].map(|x| x.try_into_primitive::<Flex>().expect("a tensor on the CPU"));
        return Tensor::from_primitive::<Flex>(Flex::float_matmul(a, b));
    }
    #[cfg(feature = "webgpu")]
    if let Some(product) = gpu::batched(&a, &b) {
        return product;
    }
    #[cfg(not(target_family = "wasm"))]
    return a.matmul(b);
    #[cfg(target_family = "wasm")]
    unreachable!("a tensor on the CPU or on a GPU")
}

impl Product {
    /// Its name: on the CPU `flex`, Burn's, or `fused`; on a GPU that of the tile.
    pub fn name(self) -> &'static str {
        match self {
            Self::Burn => "flex",
            Self::Fused(_) => "fused",
            #[cfg(feature = "webgpu")]
            Self::Gpu(tile, _) => tile.as_str(),
        }
    }

    /// `x @ w`; by [`matmul`] where the kernel does not take such operands.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, which may be a transposed view of weights
    /// - returns `[rows, d_out]`
    pub fn matmul(self, x: Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Some(y) = self.on_gpu(&x, w, After::Nothing) {
            return y;
        }
        if let Some(y) = self.on_host(&x, w, dense::After::Nothing) {
            return y;
        }
        matmul(x, w.clone())
    }

    /// The product of parts of matrices, which are read where they are.
    ///
    /// # Shapes
    /// - `x`: whole rows, `[rows, d_in]`; `w`: `[d_in, d_out]`; returns `[rows, d_out]`
    pub fn of_parts(self, x: Part<'_>, w: Part<'_>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Self::Gpu(tile, activation) = self
            && let Some(y) = gpu::product(tile, &x, &w, After::Nothing, activation)
        {
            return y;
        }
        self.matmul(x.view(), &w.view())
    }

    /// Products of parts, one under the other.
    ///
    /// # Shapes
    /// - `products`: whole rows of `x`, `[rows, d_in]`, and `w`, `[d_in, d_out]`, with one `d_out`, at least one; returns
    ///   `[all rows, d_out]`
    pub fn stacked(self, products: &[[Part<'_>; 2]]) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Self::Gpu(tile, activation) = self
            && let Some(y) = gpu::stacked(tile, products, activation)
        {
            return y;
        }
        let products = products
            .iter()
            .map(|[x, w]| self.matmul(x.view(), &w.view()));
        Tensor::cat(products.collect(), 0)
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
        if let Some(y) = self.on_host(&x, w, dense::After::Bias(b)) {
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
        if let Some(y) = self.on_host(&x, w, dense::After::Activation(b, activation)) {
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

    /// The kernel on the CPU of products whose operands are no tensors of Burn's.
    pub(super) fn kernel(self) -> Kernel {
        self.on_cpu().unwrap_or(Kernel::Tile(plain_tile))
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

    fn on_host(self, x: &Tensor<2>, w: &Tensor<2>, after: dense::After<'_>) -> Option<Tensor<2>> {
        dense::matmul(self.on_cpu()?, x, w, after)
    }

    #[cfg(feature = "webgpu")]
    fn on_gpu(self, x: &Tensor<2>, w: &Tensor<2>, after: After<'_>) -> Option<Tensor<2>> {
        match self {
            Self::Gpu(tile, activation) => {
                let [x, w] = [x, w].map(Part::whole);
                gpu::product(tile, &x, &w, after, activation)
            }
            _ => None,
        }
    }
}
