//! Products on the CPU, of operands that are read where they are: by the `gemm` crate, or around a tile that is given from
//! outside, for browsers that know a fused multiply-add.

use burn::{
    backend::{BackendTypes, Flex},
    tensor::Tensor,
};
use pathpatch_kernels::{self as cpu, Kernel, Matrix};

use super::{
    activation::Activation,
    host::{Held, floats_mut, on_cpu, tensor},
};

/// What follows a product.
#[derive(Clone, Copy)]
pub enum After<'a> {
    /// Nothing.
    Nothing,
    /// A bias, `[d_out]`.
    Bias(&'a Tensor<1>),
    /// A bias, then the activation.
    Activation(&'a Tensor<1>, Activation),
}

impl<'a> After<'a> {
    fn bias(self) -> Option<&'a Tensor<1>> {
        match self {
            Self::Nothing => None,
            Self::Bias(bias) | Self::Activation(bias, _) => Some(bias),
        }
    }
}

/// A matrix whose rows or columns stand one after the other.
struct View {
    tensor: <Flex as BackendTypes>::FloatTensorPrimitive,
    stride: usize,
    is_transposed: bool,
}

impl View {
    /// A tensor where it is, as rows where `in_rows`; a copy of one that stands otherwise.
    fn of(x: &Tensor<2>, in_rows: bool) -> Self {
        let tensor = x.clone().try_into_primitive::<Flex>();
        let tensor = tensor.expect("a tensor on the CPU");
        let (stride, is_transposed) = match *tensor.layout().strides() {
            [stride, 1] if stride >= 0 => (stride, false),
            [1, stride] if stride >= 0 && !in_rows => (stride, true),
            _ => {
                return Self::of(
                    &Tensor::from_primitive::<Flex>(tensor.to_contiguous()),
                    true,
                );
            }
        };
        Self {
            tensor,
            stride: stride.unsigned_abs(),
            is_transposed,
        }
    }

    fn matrix(&self) -> Matrix<'_> {
        let layout = self.tensor.layout();
        Matrix {
            values: &self.tensor.storage()[layout.start_offset()..],
            rows: layout.shape()[0],
            cols: layout.shape()[1],
            stride: self.stride,
            is_transposed: self.is_transposed,
        }
    }
}

/// `x @ w` and what follows; `None` on another device.
///
/// # Shapes
/// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`; returns `[rows, d_out]`
pub fn matmul(kernel: Kernel, x: &Tensor<2>, w: &Tensor<2>, after: After<'_>) -> Option<Tensor<2>> {
    if !on_cpu(&x.device()) {
        return None;
    }
    let ([m, _], [_, n]) = (x.dims(), w.dims());
    let (a, b) = (View::of(x, true), View::of(w, false));
    let bias = after.bias().map(Held::of);
    let bias = bias.as_ref().map_or(&[][..], Held::numbers);
    let after = match after {
        After::Nothing => cpu::After::Nothing,
        After::Bias(_) => cpu::After::Bias(bias),
        After::Activation(_, activation) => cpu::After::Activation(bias, activation.on_cpu()),
    };
    let product = cpu::matmul(kernel, a.matrix(), b.matrix(), after);
    Some(tensor(product, [m, n]))
}

/// `resid + x @ w + b`, in the memory of `resid` where nothing else holds it; given back on another device.
///
/// # Shapes
/// - `resid`: `[rows, d_out]`, also returned; `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`, `b`: `[d_out]`
#[expect(
    clippy::result_large_err,
    reason = "no error: the operand is handed back"
)]
pub fn add_to(
    kernel: Kernel,
    resid: Tensor<2>,
    x: &Tensor<2>,
    w: &Tensor<2>,
    b: &Tensor<1>,
) -> Result<Tensor<2>, Tensor<2>> {
    if !on_cpu(&x.device()) {
        return Err(resid);
    }
    let device = resid.device();
    let bias = Held::of(b);
    let (a, b) = (View::of(x, true), View::of(w, false));
    let mut resid = resid.into_data();
    let numbers = floats_mut(&mut resid);
    let bias = cpu::After::Bias(bias.numbers());
    cpu::add_matmul(kernel, bias, a.matrix(), b.matrix(), numbers);
    Ok(Tensor::from_data(resid, &device))
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    #[test]
    fn products_are_burns_however_their_operands_stand() {
        let device = Device::flex();
        let random =
            |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), &device);
        let is_near = |a: Tensor<2>, b: Tensor<2>| {
            assert_eq!(a.dims(), b.dims());
            (a - b).abs().max().into_scalar::<f32>() < 1e-5
        };
        let (whole, columns) = (random([5, 40]), random([5, 90]).narrow(1, 20, 40));
        let rows = random([40, 5]).transpose();
        let w = random([40, 30]);
        let transposed = random([30, 40]).transpose();
        let parts = [
            w.clone().narrow(1, 7, 14),
            transposed.clone().narrow(1, 3, 9),
        ];
        for kernel in [Kernel::Gemm, Kernel::Tile(cpu::plain_tile)] {
            for x in [&whole, &columns, &rows] {
                for w in [&w, &transposed, &parts[0], &parts[1]] {
                    let expected = x.clone().matmul(w.clone());
                    let product = matmul(kernel, x, w, After::Nothing).expect("on the CPU");
                    assert!(is_near(product, expected.clone()));
                    let n = w.dims()[1];
                    let (resid, b) = (random([5, n]), random([1, n]).squeeze_dim::<1>(0));
                    let expected = resid.clone() + expected + b.clone().unsqueeze();
                    // It is held here too, and so must not change.
                    let before = resid.clone().into_data();
                    let sum = add_to(kernel, resid.clone(), x, w, &b).expect("on the CPU");
                    assert!(is_near(sum, expected));
                    assert_eq!(resid.into_data(), before);
                }
            }
        }
    }
}
