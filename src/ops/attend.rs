//! Attention of all heads on rows, from the product with `W_QKV` to what goes into `W_O`, in one pass.
//!
//! Rows are flat, `[sequence * row, width]`: a sequence is one prompt of one edge, prompts fastest.

use burn::tensor::Tensor;
use pathpatch_kernels as cpu;

#[cfg(feature = "webgpu")]
use super::gpu;
use super::{
    attention::{attention, causal_mask, mask_of},
    host::{floats, floats_mut, in_place, on_cpu},
    rows::{Past, Queries},
};

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
    if on_cpu(&qkv.device()) {
        return attend_on_cpu(qkv, b, n_heads, past, rows, queries);
    }
    #[cfg(feature = "webgpu")]
    {
        let one = queries.on_device(&qkv.device());
        if let Some(z) = gpu::attend(&qkv, b, n_heads, past, rows, one.as_ref()) {
            return z;
        }
    }
    attend_in_operations(qkv, b, n_heads, past, rows, queries)
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
    // All rows have one mask for every prompt; one row of each prompt needs a mask for each.
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
pub fn by_head(qkv: Tensor<2>, b: &Tensor<1>, n_heads: usize, sequences: usize) -> [Tensor<4>; 3] {
    #[cfg(feature = "webgpu")]
    if let Some(parts) = gpu::by_head(&qkv, b, n_heads, sequences) {
        return parts;
    }
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

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

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
