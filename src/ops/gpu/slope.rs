//! The MLP's activation, backwards.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    super::activation::{Activation, QUICK_GELU_SLOPE},
    activation::{logistic, normal_cdf, twice_u},
    buffer::{empty, groups, tensor, vector_size},
    contiguous::buffer,
};

const UNITS: usize = 64;

/// `gradient * act'(x)`.
///
/// # Shapes
/// - `x` and `gradient`: `[rows, width]`, also returned
pub fn through_activation(
    activation: Activation,
    x: &Tensor<2>,
    gradient: &Tensor<2>,
) -> Option<Tensor<2>> {
    let shape = x.dims();
    let numbers = shape.iter().product();
    let (x, gradient) = (buffer(x)?, buffer(gradient)?);
    let through = empty(&x, shape);
    let vector = vector_size([numbers]);
    let numbers = numbers / vector;
    // SAFETY: units beyond the last number do nothing.
    unsafe {
        backwards::launch_unchecked(
            &x.client.clone(),
            groups(numbers.div_ceil(UNITS)),
            CubeDim::new_1d(UNITS as u32),
            vector,
            x.into_buffer_arg(),
            gradient.into_buffer_arg(),
            through.clone().into_buffer_arg(),
            numbers,
            activation,
        );
    }
    Some(tensor(through))
}

#[cube(launch_unchecked)]
fn backwards<N: Size>(
    x: &[Vector<f32, N>],
    gradient: &[Vector<f32, N>],
    through: &mut [Vector<f32, N>],
    numbers: usize,
    #[comptime] activation: Activation,
) {
    let at = ABSOLUTE_POS;
    if at >= numbers {
        terminate!();
    }
    through[at] = gradient[at] * slope::<N>(x[at], activation);
}

/// The activation's derivative.
#[cube]
fn slope<N: Size>(x: Vector<f32, N>, #[comptime] activation: Activation) -> Vector<f32, N> {
    let one = Vector::new(1.0f32);
    match activation {
        Activation::GeluTanh => {
            let near = clamp(x, Vector::new(-20.0f32), Vector::new(20.0f32));
            let s = logistic::<N>(twice_u::<N>(near));
            // The derivative of twice u: 2 sqrt(2/pi) (1 + 3 * 0.044715 x^2).
            let by_x = near * near * Vector::new(0.214_064_44f32) + Vector::new(1.595_769_f32);
            s + near * s * (one - s) * by_x
        }
        Activation::Gelu => {
            let near = clamp(x, Vector::new(-12.0f32), Vector::new(12.0f32));
            // 1 / sqrt(2 pi)
            let density = (near * near * Vector::new(-0.5f32)).exp() * Vector::new(0.398_942_3f32);
            normal_cdf::<N>(x) + near * density
        }
        Activation::QuickGelu => swish_slope::<N>(x, QUICK_GELU_SLOPE as f32),
        Activation::Silu => swish_slope::<N>(x, 1.0f32),
        Activation::Relu => {
            let sign = clamp(x * Vector::new(1e30f32), Vector::new(0.0f32), one);
            clamp(sign * Vector::new(1e30f32), Vector::new(0.0f32), one)
        }
        Activation::Tanh => {
            let two = Vector::new(2.0f32);
            let tanh = two * logistic::<N>(two * x) - one;
            one - tanh * tanh
        }
    }
}

#[cube]
fn swish_slope<N: Size>(x: Vector<f32, N>, slope: f32) -> Vector<f32, N> {
    let one = Vector::new(1.0f32);
    let s = logistic::<N>(x * Vector::new(slope));
    let near = clamp(x, Vector::new(-80.0f32), Vector::new(80.0f32));
    s + near * s * (one - s) * Vector::new(slope)
}
