//! The activation functions of the MLP inside a kernel: the formulas of [`Activation`], of which see the module.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use burn_cubecl::cubecl::{self, prelude::*};

use super::super::activation::{Activation, QUICK_GELU_SLOPE};

/// `sqrt(2 / pi)` twice, and that times the factor of the cube in GELU by tanh.
const TWICE_ROOT: f32 = 1.595_769;
const TWICE_ROOT_CUBIC: f32 = 0.071_354_814;

/// The function of each number.
#[cube]
pub(super) fn activated<N: Size>(
    x: Vector<f32, N>,
    #[comptime] activation: Activation,
) -> Vector<f32, N> {
    match activation {
        Activation::GeluTanh => {
            let near = clamp(x, Vector::new(-20.0f32), Vector::new(20.0f32));
            x * logistic::<N>(twice_u::<N>(near))
        }
        Activation::Gelu => x * normal_cdf::<N>(x),
        Activation::QuickGelu => x * logistic::<N>(x * Vector::new(QUICK_GELU_SLOPE as f32)),
        Activation::Silu => x * logistic::<N>(x),
        Activation::Relu => max(x, Vector::new(0.0f32)),
        Activation::Tanh => {
            let two = Vector::new(2.0f32);
            two * logistic::<N>(two * x) - Vector::new(1.0f32)
        }
    }
}

/// `1 / (1 + exp(-x))`.
#[cube]
pub(super) fn logistic<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let near = clamp(x, Vector::new(-80.0f32), Vector::new(80.0f32));
    let one = Vector::new(1.0f32);
    one / (one + (Vector::new(0.0f32) - near).exp())
}

/// `2 sqrt(2/pi) (x + 0.044715 x^3)`.
#[cube]
pub(super) fn twice_u<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    x * (Vector::new(TWICE_ROOT) + x * x * Vector::new(TWICE_ROOT_CUBIC))
}

/// Distribution function of the standard normal distribution.
#[cube]
pub(super) fn normal_cdf<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let half = Vector::new(0.5f32);
    half * erf::<N>(x * Vector::new(FRAC_1_SQRT_2)) + half
}

/// Error function: the rational function of `pathpatch_kernels`.
#[cube]
fn erf<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let x = clamp(x, Vector::new(-3.832_507f32), Vector::new(3.832_507f32));
    let square = x * x;
    let p = Vector::new(2.290_506_6e-4f32);
    let p = p * square + Vector::new(3.408_291e-3f32);
    let p = p * square + Vector::new(5.095_569_5e-2f32);
    let p = p * square + Vector::new(1.852_083_2e-1f32);
    let p = p * square + Vector::new(FRAC_2_SQRT_PI);
    let q = Vector::new(-1.179_160_3e-7f32);
    let q = q * square + Vector::new(2.354_796_6e-5f32);
    let q = q * square + Vector::new(1.017_962_5e-3f32);
    let q = q * square + Vector::new(1.407_047e-2f32);
    let q = q * square + Vector::new(1.109_850_5e-1f32);
    let q = q * square + Vector::new(4.974_692_5e-1f32);
    let q = q * square + Vector::new(1.0f32);
    clamp(x * p / q, Vector::new(-1.0f32), Vector::new(1.0f32))
}
