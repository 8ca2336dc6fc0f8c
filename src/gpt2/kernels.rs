//! The steps between the matrix products of a block, each one pass over memory on the CPU.
//!
//! A matrix product does hundreds of floating-point operations for each number that it reads; these steps
//! do a few, so they cost what their walks through memory cost, and an `exp` that is not vectorised costs
//! more than the product beside it. On the CPU each is therefore one loop of `pathpatch_kernels` over the
//! tensor's own bytes, which Burn's flex backend hands out without a copy where nothing else holds the
//! tensor; elsewhere it is the same formula in Burn's operations.
//!
//! Rows are flat, `[sequence * row, width]`: a sequence is one prompt of one edge, prompts fastest.

use burn::tensor::{Device, Int, Tensor, TensorData};
use pathpatch_kernels as cpu;

use super::{
    activation::{Activation, QUICK_GELU_SLOPE},
    attention::{attention, causal_mask, mask_of},
    norm::layer_norm,
};

/// Keys and values of the positions before the rows, shared by all sequences of the same prompt.
#[derive(Debug, Clone)]
pub struct Past {
    /// `[prompt, head, past, d_head]`.
    pub k: Tensor<4>,
    /// `[prompt, head, past, d_head]`.
    pub v: Tensor<4>,
}

impl Past {
    /// Keys and values of whole sequences: those of the past, then those of the rows.
    ///
    /// # Shapes
    /// - `rows`: k and v, `[sequence, head, rows, d_head]`, prompts fastest among sequences
    /// - returns `[sequence, head, past + rows, d_head]` each
    pub fn in_front_of(past: Option<&Self>, rows: [Tensor<4>; 2]) -> [Tensor<4>; 2] {
        let Some(past) = past else {
            return rows;
        };
        let [k, v] = rows;
        [(&past.k, k), (&past.v, v)].map(|(past, rows)| {
            let edges = rows.dims()[0] / past.dims()[0];
            let past = past.clone().repeat(&[edges, 1, 1, 1]);
            Tensor::cat(vec![past, rows], 2)
        })
    }
}

/// The rows of a sequence whose outcome is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Queries<'a> {
    /// Every row.
    All,
    /// One row of each prompt.
    One(&'a [usize]),
}

impl Queries<'_> {
    /// How many of a sequence's rows.
    pub fn count(self, rows: usize) -> usize {
        match self {
            Self::All => rows,
            Self::One(_) => 1,
        }
    }

    /// The wanted rows of flat ones.
    ///
    /// # Shapes
    /// - `x`: `[sequence * rows, width]`; returns `[sequence * queries, width]`
    pub fn select(self, x: Tensor<2>, rows: usize) -> Tensor<2> {
        let Self::One(of_prompt) = self else {
            return x;
        };
        let sequences = x.dims()[0] / rows;
        let flat = |s: usize| s * rows + of_prompt[s % of_prompt.len()];
        let rows = index((0..sequences).map(flat), &x.device());
        x.select(0, rows)
    }

    /// The reverse: the wanted rows among rows of zeros.
    ///
    /// # Shapes
    /// - `x`: `[sequence * queries, width]`; returns `[sequence * rows, width]`
    pub fn put_back(self, x: Tensor<2>, rows: usize) -> Tensor<2> {
        let Self::One(of_prompt) = self else {
            return x;
        };
        let [sequences, width] = x.dims();
        let zeros = Tensor::zeros([1, width], &x.device());
        let of_row = |flat: usize| match (flat / rows, flat % rows) {
            (s, row) if row == of_prompt[s % of_prompt.len()] => s,
            _ => sequences,
        };
        let rows = index((0..sequences * rows).map(of_row), &x.device());
        Tensor::cat(vec![x, zeros], 0).select(0, rows)
    }
}

/// Places as a tensor of indices.
pub fn index(places: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let places: Vec<i32> = places.map(|p| p as i32).collect();
    let n = places.len();
    Tensor::from_data(TensorData::new(places, [n]), device)
}

/// Whether the loops of `pathpatch_kernels` run there; an autodiff device must see Burn's operations.
pub fn on_cpu(device: &Device) -> bool {
    *device == Device::flex() && !device.is_autodiff()
}

/// `(x - mean(x)) / sqrt(var(x) + eps)` of each row.
///
/// # Shapes
/// - `x`: `[rows, d_model]`, also returned
pub fn normalise(x: Tensor<2>, eps: f64) -> Tensor<2> {
    if on_cpu(&x.device()) {
        let width = x.dims()[1];
        return in_place(x, |x| cpu::normalise(x, width, eps as f32));
    }
    layer_norm(x, eps).0
}

/// `activation(x + b)`.
///
/// # Shapes
/// - `x`: `[rows, d_mlp]`, also returned; `b`: `[d_mlp]`
pub fn activate(x: Tensor<2>, b: &Tensor<1>, activation: Activation) -> Tensor<2> {
    if !on_cpu(&x.device()) {
        return activation.value(x + b.clone().unsqueeze());
    }
    let b = b.to_data();
    let b = floats(&b);
    in_place(x, |x| match activation {
        Activation::GeluTanh => cpu::gelu_tanh_bias(x, b),
        Activation::Gelu => cpu::gelu_bias(x, b),
        Activation::QuickGelu => cpu::swish_bias(x, b, QUICK_GELU_SLOPE as f32),
        Activation::Silu => cpu::swish_bias(x, b, 1.0),
        Activation::Relu => cpu::relu_bias(x, b),
        Activation::Tanh => cpu::tanh_bias(x, b),
    })
}

/// `resid + x + b`: what a sublayer adds to the residual stream.
///
/// # Shapes
/// - `resid` and `x`: `[rows, d_model]`, also returned; `b`: `[d_model]`
pub fn add_to_residual(resid: Tensor<2>, x: Tensor<2>, b: &Tensor<1>) -> Tensor<2> {
    if on_cpu(&x.device()) {
        let (resid, b) = (resid.into_data(), b.to_data());
        return in_place(x, |x| cpu::add_to_residual(x, floats(&resid), floats(&b)));
    }
    resid + (x + b.clone().unsqueeze())
}

/// Causal attention of all heads, from the product with `W_QKV` to what goes into `W_O`.
///
/// # Shapes
/// - `qkv`: `[sequence * rows, 3 * d_model]` before its bias `b`, `[3 * d_model]`; `past` is `None` where
///   the rows start their sequence
/// - returns z, `[sequence * queries, d_model]`
pub fn attend(
    qkv: Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    past: Option<&Past>,
    rows: usize,
    queries: Queries<'_>,
) -> Tensor<2> {
    match on_cpu(&qkv.device()) {
        true => attend_on_cpu(qkv, b, n_heads, past, rows, queries),
        false => attend_in_operations(qkv, b, n_heads, past, rows, queries),
    }
}

/// The same in Burn's operations.
fn attend_in_operations(
    qkv: Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    past: Option<&Past>,
    rows: usize,
    queries: Queries<'_>,
) -> Tensor<2> {
    let device = qkv.device();
    let [flat, width] = qkv.dims();
    let (d_model, sequences) = (width / 3, flat / rows);
    let [q, k, v] = by_head(qkv, b, n_heads, sequences);
    let [k, v] = Past::in_front_of(past, [k, v]);
    let pos = k.dims()[2];
    // The mask of all rows is the same for every prompt; that of one row of each is not.
    let mask = match queries {
        Queries::All => causal_mask(rows, pos, &device),
        Queries::One(of_prompt) => {
            let first = pos - rows;
            mask_of(of_prompt.iter().map(|row| first + row), pos, &device)
        }
    };
    let asked = queries.count(rows);
    let prompts = mask.dims()[0] / asked;
    let mask = mask.reshape([prompts, 1, asked, pos]);
    let mask = mask.repeat(&[sequences / prompts, 1, 1, 1]);
    let q = queries.select(q.swap_dims(1, 2).reshape([flat, d_model]), rows);
    let q = q.reshape([sequences, asked, n_heads, d_model / n_heads]);
    let (_, z) = attention(q.swap_dims(1, 2), k, v, mask);
    z.swap_dims(1, 2).reshape([sequences * asked, d_model])
}

/// Queries, keys and values by head, with their bias.
///
/// # Shapes
/// - `qkv`: `[sequence * rows, 3 * d_model]` before its bias `b`, `[3 * d_model]`
/// - returns q, k and v, each `[sequence, head, rows, d_head]`
pub(super) fn by_head(
    qkv: Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    sequences: usize,
) -> [Tensor<4>; 3] {
    let [flat, width] = qkv.dims();
    let (rows, d_model) = (flat / sequences, width / 3);
    let qkv = qkv + b.clone().unsqueeze();
    [0, 1, 2].map(|i| {
        qkv.clone()
            .narrow(1, i * d_model, d_model)
            .reshape([sequences, rows, n_heads, d_model / n_heads])
            .swap_dims(1, 2)
    })
}

fn attend_on_cpu(
    qkv: Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    past: Option<&Past>,
    rows: usize,
    queries: Queries<'_>,
) -> Tensor<2> {
    let device = qkv.device();
    let [flat, width] = qkv.dims();
    let sequences = flat / rows;
    let (prompts, asking) = match queries {
        Queries::All => (past.map_or(1, |past| past.k.dims()[0]), None),
        Queries::One(of_prompt) => (of_prompt.len(), Some(of_prompt)),
    };
    let past = past.map(|past| [past.k.to_data(), past.v.to_data()]);
    let [past_k, past_v] = match &past {
        Some(past) => past.each_ref().map(floats),
        None => [&[][..]; 2],
    };
    let (b, mut qkv) = (b.to_data(), qkv.into_data());
    let attention = cpu::Attention {
        qkv: floats_mut(&mut qkv),
        bias: floats(&b),
        past_k,
        past_v,
        queries: asking,
        prompts,
        rows,
        n_heads,
    };
    let z = Tensor::empty([sequences * queries.count(rows), width / 3], &device);
    in_place(z, |z| cpu::attend(attention, z))
}

/// Change a tensor's numbers where they are.
fn in_place(x: Tensor<2>, change: impl FnOnce(&mut [f32])) -> Tensor<2> {
    let device = x.device();
    let mut data = x.into_data();
    change(floats_mut(&mut data));
    Tensor::from_data(data, &device)
}

/// A tensor's numbers. Every tensor that this crate makes is of this type.
fn floats(data: &TensorData) -> &[f32] {
    data.as_slice().expect("a tensor of f32")
}

fn floats_mut(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect("a tensor of f32")
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn attention_in_operations_is_that_of_the_loops() {
        let device = Device::flex();
        let (prompts, edges, rows, before, heads, d_head) = (2, 3, 4, 5, 2, 3);
        let random = |n| Tensor::<1>::random([n], Distribution::Normal(0.0, 1.0), &device);
        let width = 3 * heads * d_head;
        let flat = edges * prompts * rows;
        let qkv = random(flat * width).reshape([flat, width]);
        let b = random(width);
        let past = [0, 1].map(|_| {
            let numbers = random(prompts * heads * before * d_head);
            numbers.reshape([prompts, heads, before, d_head])
        });
        let [k, v] = past;
        let past = Past { k, v };
        for past in [None, Some(&past)] {
            for queries in [Queries::All, Queries::One(&[3, 1])] {
                let loops = attend_on_cpu(qkv.clone(), &b, heads, past, rows, queries);
                let operations = attend_in_operations(qkv.clone(), &b, heads, past, rows, queries);
                assert_eq!(loops.dims(), operations.dims());
                let difference = (loops - operations).abs().max().into_scalar::<f32>();
                assert!(difference < 1e-5, "{queries:?}: {difference}");
            }
        }
    }
}
