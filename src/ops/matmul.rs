//! Products of tensors of any number of dimensions, the last two of which are matrices.

use burn::{
    backend::{Flex, ops::FloatTensorOps},
    tensor::Tensor,
};

use super::host::on_cpu;

/// `a @ b`. On the CPU it is Burn's product, on a GPU a plain kernel of ours: this is for small products that nobody waits
/// for, of which a [`Product`](super::Product) takes none. Burn's for GPUs would be a third of what a browser downloads.
///
/// # Shapes
/// - `a`: `[.., m, k]`, `b`: `[.., k, n]`; leading dimensions are equal, or 1 in one of them
/// - returns `[.., m, n]`
pub fn matmul<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    if on_cpu(&a.device()) {
        let of = |x: Tensor<D>| x.try_into_primitive::<Flex>().expect("a tensor on the CPU");
        return Tensor::from_primitive::<Flex>(Flex::float_matmul(of(a), of(b)));
    }
    #[cfg(feature = "webgpu")]
    if let Some(c) = super::gpu::matmul(&a, &b) {
        return c;
    }
    recorded(a, b)
}

/// The product of tensors whose gradients are recorded, as in training: never in a browser.
#[cfg(not(target_family = "wasm"))]
fn recorded<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    a.matmul(b)
}

#[cfg(target_family = "wasm")]
fn recorded<const D: usize>(a: Tensor<D>, _: Tensor<D>) -> Tensor<D> {
    panic!(
        "a product on {:?}: no gradients are recorded here",
        a.device()
    )
}
