//! What activation functions give, and their derivatives.
//!
//! ```text
//! gelu_new    x/2 (1 + tanh(u)) = x s(2u),  u = sqrt(2/pi) (x + 0.044715 x^3)
//! gelu        x Phi(x) = x/2 (1 + erf(x / sqrt(2)))
//! quick_gelu  x s(1.702 x)
//! silu        x s(x)
//! relu        max(x, 0)
//! tanh        tanh(x)
//! ```
//!
//! with `s` the logistic function. On the CPU a forward pass uses the loops of `pathpatch_kernels`, on a GPU it is the end
//! of a product; the formulas here are in Burn's operations, for the backward pass. Arguments of `exp` and `erf` are clamped to
//! where the function still changes: WGSL does not say what an overflow gives, and several GPUs give NaN for
//! `tanh` beyond 44.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use burn::tensor::Tensor;
use pathpatch_kernels as cpu;

#[cfg(feature = "webgpu")]
use super::gpu;
use super::{
    activation::{Activation, QUICK_GELU_SLOPE},
    host::{Held, in_place, on_cpu, tensor},
};

/// Factor of the cube in GELU by tanh.
const CUBIC: f64 = 0.044_715;

impl Activation {
    /// The function of each number.
    pub fn value<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::GeluTanh => x.clone() * logistic(twice_u(&x)),
            Self::Gelu => x.clone() * normal_cdf(x),
            Self::QuickGelu => swish(x, QUICK_GELU_SLOPE),
            Self::Silu => swish(x, 1.0),
            Self::Relu => burn::tensor::activation::relu(x),
            Self::Tanh => tanh(x),
        }
    }

    /// The gradient with respect to what the function is applied to, from that with respect to its value.
    ///
    /// # Shapes
    /// - `x` and `gradient`: `[rows, width]`, also returned
    pub fn backwards(self, x: Tensor<2>, gradient: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "webgpu")]
        if let Some(through) = gpu::through_activation(self, &x, &gradient) {
            return through;
        }
        gradient * self.derivative(x)
    }

    /// The function's derivative at each number; 0 for the rectifier at 0, as in PyTorch.
    pub fn derivative<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::GeluTanh => {
                let s = logistic(twice_u(&x));
                let slope = saturated(&x).square() * (3.0 * CUBIC) + 1.0;
                let slope = slope * (2.0 * (2.0 / PI).sqrt());
                s.clone() + saturated(&x) * s.clone() * (-s + 1.0) * slope
            }
            Self::Gelu => {
                let near = x.clone().clamp(-12.0, 12.0);
                let density = (near.clone().square() * -0.5).exp() / (2.0 * PI).sqrt();
                normal_cdf(x) + near * density
            }
            Self::QuickGelu => swish_derivative(x, QUICK_GELU_SLOPE),
            Self::Silu => swish_derivative(x, 1.0),
            Self::Relu => x.greater_elem(0.0).float(),
            Self::Tanh => -tanh(x).square() + 1.0,
        }
    }
}

impl Activation {
    /// The loop for it.
    pub(super) fn on_cpu(self) -> cpu::Activation {
        match self {
            Self::GeluTanh => cpu::Activation::GeluTanh,
            Self::Gelu => cpu::Activation::Gelu,
            Self::QuickGelu => cpu::Activation::Swish {
                slope: QUICK_GELU_SLOPE as f32,
            },
            Self::Silu => cpu::Activation::Swish { slope: 1.0 },
            Self::Relu => cpu::Activation::Relu,
            Self::Tanh => cpu::Activation::Tanh,
        }
    }
}

/// `activation(x + b)`, in one pass.
///
/// # Shapes
/// - `x`: `[rows, d_mlp]`, also returned; `b`: `[d_mlp]`
pub fn activate(x: Tensor<2>, b: &Tensor<1>, activation: Activation) -> Tensor<2> {
    if !on_cpu(&x.device()) {
        return activation.value(x + b.clone().unsqueeze());
    }
    let b = Held::of(b);
    let after = cpu::After::Activation(b.numbers(), activation.on_cpu());
    in_place(x, |x| after.change_rows(x, b.numbers().len()))
}

/// `activation(normalise(resid) W + b)`, from products of W with two summands of `resid`. W's columns have mean zero. On
/// the CPU.
///
/// # Shapes
/// - `own`: `[n, d_mlp]` each, side by side the rows of `resid`, `[rows, d_model]`; `shared`: `[m, d_mlp]`, row `i % m`
///   for row `i`; `b`: `[d_mlp]`
/// - returns `[rows, d_mlp]`
pub fn activate_products(
    own: &[Tensor<2>],
    shared: &Tensor<2>,
    resid: &Tensor<2>,
    b: &Tensor<1>,
    eps: f64,
    activation: Activation,
) -> Tensor<2> {
    let [rows, _] = resid.dims();
    let [d_mlp] = b.dims();
    let own: Vec<Held> = own.iter().map(Held::of).collect();
    let own: Vec<&[f32]> = own.iter().map(Held::numbers).collect();
    let [shared, resid] = [shared, resid].map(Held::of);
    let b = Held::of(b);
    let products = cpu::Products {
        own: &own,
        shared: shared.numbers(),
        resid: resid.numbers(),
        b: b.numbers(),
        eps: eps as f32,
    };
    let post = cpu::activate_products(&products, activation.on_cpu());
    tensor(post, [rows, d_mlp])
}

/// `1 / (1 + exp(-x))`.
fn logistic<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    (x.clamp(-80.0, 80.0).neg().exp() + 1.0).recip()
}

/// Clamped to where GELU by tanh differs from its asymptote, and where the cube is far from an overflow.
fn saturated<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    x.clone().clamp(-20.0, 20.0)
}

/// `2 sqrt(2/pi) (x + 0.044715 x^3)`.
fn twice_u<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    let x = saturated(x);
    let cubic = x.clone().square() * CUBIC + 1.0;
    x * cubic * (2.0 * (2.0 / PI).sqrt())
}

/// Distribution function of the standard normal distribution.
fn normal_cdf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    ((x.clamp(-8.0, 8.0) * FRAC_1_SQRT_2).erf() + 1.0) * 0.5
}

fn swish<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    x.clone() * logistic(x * slope)
}

fn swish_derivative<const D: usize>(x: Tensor<D>, slope: f64) -> Tensor<D> {
    let s = logistic(x.clone() * slope);
    s.clone() + x.clamp(-80.0, 80.0) * s.clone() * (-s + 1.0) * slope
}

fn tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    logistic(x * 2.0) * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    const ALL: [Activation; 6] = [
        Activation::GeluTanh,
        Activation::Gelu,
        Activation::QuickGelu,
        Activation::Silu,
        Activation::Relu,
        Activation::Tanh,
    ];

    fn tensor(numbers: &[f32]) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(numbers.to_vec(), [1, numbers.len()]),
            &Device::flex(),
        )
    }

    fn numbers(x: Tensor<2>) -> Vec<f32> {
        x.into_data().try_into_vec().unwrap()
    }

    /// From -9 to 9, past where every function has become its asymptote but for tanh's cubic.
    fn grid() -> Vec<f32> {
        (-900..=900).map(|i| i as f32 / 100.0 + 0.003).collect()
    }

    /// The loops of `pathpatch_kernels`, checked against f64 there, and Burn's operations are two ways to
    /// the same numbers.
    #[test]
    fn burns_operations_agree_with_the_loops() {
        let x = grid();
        let bias = Tensor::zeros([x.len()], &Device::flex());
        for f in ALL {
            let (a, b) = (numbers(f.value(tensor(&x))), activate(tensor(&x), &bias, f));
            for ((a, b), x) in a.iter().zip(numbers(b)).zip(&x) {
                assert!(
                    (a - b).abs() < 1e-6 * x.abs().max(1.0),
                    "{f:?}({x}): {a}, {b}"
                );
            }
        }
    }

    /// Central differences of the value, 0.02 wide: to second order in that, and to float noise over it.
    #[test]
    fn derivatives_are_the_slopes_of_the_values() {
        const STEP: f32 = 0.01;
        let x: Vec<f32> = grid().into_iter().filter(|x| x.abs() > STEP).collect();
        for f in ALL {
            let [more, less] = [STEP, -STEP].map(|step| {
                let x: Vec<f32> = x.iter().map(|x| x + step).collect();
                numbers(f.value(tensor(&x)))
            });
            let slopes = more.iter().zip(less).map(|(a, b)| (a - b) / (2.0 * STEP));
            for ((slope, d), x) in slopes.zip(numbers(f.derivative(tensor(&x)))).zip(&x) {
                assert!(
                    (slope - d).abs() < 3e-4,
                    "{f:?}'({x}): {d}, measured {slope}"
                );
            }
        }
    }

    #[test]
    fn large_numbers_stay_numbers() {
        let x = [-1e30, -1e15, -301.0, -50.0, 50.0, 301.0, 1e15, 1e30];
        for f in ALL {
            let (values, slopes) = (f.value(tensor(&x)), f.derivative(tensor(&x)));
            let limits = |x: f32| match f {
                Activation::Tanh => (x.signum(), 0.0),
                _ if x < 0.0 => (0.0, 0.0),
                _ => (x, 1.0),
            };
            let of = numbers(values).into_iter().zip(numbers(slopes));
            for ((value, derivative), x) in of.zip(x) {
                let (limit, slope) = limits(x);
                assert!(
                    (value - limit).abs() <= 1e-6 * x.abs(),
                    "{f:?}({x}) = {value}"
                );
                assert!(
                    (derivative - slope).abs() < 1e-6,
                    "{f:?}'({x}) = {derivative}"
                );
            }
        }
    }
}
