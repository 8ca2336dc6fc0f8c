//! The hidden layer of an MLP, from the product with its weights to what its activation function makes of it.

use crate::{
    math,
    rows::{moments, new_rows},
};

/// The function of each number.
#[derive(Debug, Clone, Copy)]
pub enum Activation {
    /// GELU with tanh.
    GeluTanh,
    /// GELU with the error function.
    Gelu,
    /// `x / (1 + exp(-slope x))`.
    Swish {
        /// 1 for SiLU.
        slope: f32,
    },
    /// `max(x, 0)`.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The function of `x + b`, in place.
    #[inline(always)]
    pub(crate) fn after_bias(self, x: &mut [f32], b: &[f32]) {
        match self {
            Self::GeluTanh => each(x, b, math::gelu_tanh),
            Self::Gelu => each(x, b, math::gelu),
            Self::Swish { slope } => each(x, b, |x| math::swish(x, slope)),
            Self::Relu => each(x, b, math::relu),
            Self::Tanh => each(x, b, math::tanh),
        }
    }
}

#[inline(always)]
fn each(x: &mut [f32], b: &[f32], f: impl Fn(f32) -> f32) {
    for (x, b) in x.iter_mut().zip(b) {
        *x = f(*x + b);
    }
}

/// The inputs of [`activate_products`].
pub struct Products<'a> {
    /// `W` times the part of the residual stream that is each row's own, `[rows, d_mlp]`, in pieces of whole rows.
    pub own: &'a [&'a [f32]],
    /// `W` times the part that repeats every `n` rows, `[n, d_mlp]`: row `i` takes row `i % n`; at least one row.
    pub shared: &'a [f32],
    /// The residual stream, `[rows, d_model]`.
    pub resid: &'a [f32],
    /// Bias of the hidden layer, `[d_mlp]`.
    pub b: &'a [f32],
    /// Added to the variance under LayerNorm's root.
    pub eps: f32,
}

/// `activation(normalise(resid) W + b)` of each row, where products of W with two summands of the residual stream are
/// given: `((own + shared) / sqrt(var(resid) + eps) + b)`. W's columns have mean zero, so that what LayerNorm subtracts
/// gives nothing.
///
/// # Shapes
/// - returns `[rows, d_mlp]`
pub fn activate_products(inputs: &Products<'_>, activation: Activation) -> Vec<f32> {
    let Products {
        own,
        shared,
        resid,
        b,
        eps,
    } = *inputs;
    let width = b.len();
    let rows = own.iter().map(|part| part.len()).sum::<usize>() / width;
    let d_model = resid.len() / rows.max(1);
    // The first row of each part.
    let starts: Vec<usize> = own
        .iter()
        .scan(0, |next, part| {
            let start = *next;
            *next += part.len() / width;
            Some(start)
        })
        .collect();
    new_rows(
        rows,
        width,
        #[inline(always)]
        |i, row| {
            let part = starts.partition_point(|start| *start <= i) - 1;
            let own = &own[part][(i - starts[part]) * width..][..width];
            let shared = &shared[i * width % shared.len()..][..width];
            let (_, variance) = moments(&resid[i * d_model..][..d_model]);
            let inverse = 1.0 / (variance + eps).sqrt();
            for ((x, own), shared) in row.iter_mut().zip(own).zip(shared) {
                *x = (own + shared) * inverse;
            }
            activation.after_bias(row, b);
        },
    )
}
