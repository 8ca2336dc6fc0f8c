//! A layer's inputs times its weights, by the fastest kernel that there is for it: Burn's, or one of ours.

use burn::tensor::Tensor;

pub mod fused;
#[cfg(feature = "webgpu")]
pub mod tiled;

/// The name of the product that the CPU uses: `fused`, ours, where the browser has relaxed SIMD, else Burn's, `flex`.
pub fn cpu_kernel() -> &'static str {
    match fused::is_there() {
        true => "fused",
        false => "flex",
    }
}

/// `x @ w`.
///
/// # Shapes
/// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`
/// - returns `[rows, d_out]`
pub fn matmul(x: Tensor<2>, w: &Tensor<2>) -> Tensor<2> {
    let x = match fused::matmul(x, w) {
        Ok(product) => return product,
        Err(x) => x,
    };
    #[cfg(feature = "webgpu")]
    let x = match tiled::matmul(x, w) {
        Ok(product) => return product,
        Err(x) => x,
    };
    x.matmul(w.clone())
}
