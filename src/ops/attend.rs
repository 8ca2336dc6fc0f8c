//! Attention of all heads on rows, from the product with `W_QKV` to what goes into `W_O`, in one pass.
//!
//! Rows are flat, `[sequence * row, width]`: a sequence is one prompt of one edge, prompts fastest.

use burn::tensor::Tensor;
use pathpatch_kernels::{self as cpu, Input as HeadInput, Kernel};

#[cfg(feature = "webgpu")]
use super::gpu;
use super::{
    host::{Held, floats_mut, on_cpu, tensor},
    past::Past,
    product::Product,
    rows::Queries,
};

/// Causal attention of all heads, from the product with `W_QKV` to what goes into `W_O`.
///
/// # Shapes
/// - `qkv`: `[sequence * rows, 3 * d_model]` before its bias `b`, `[3 * d_model]`; `past` is `None` where
///   the rows start their sequence; `product` multiplies with it
/// - returns z, `[sequence * queries, d_model]`
pub fn attend(
    product: Product,
    qkv: Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    past: Option<&Past>,
    rows: usize,
    queries: Queries<'_>,
) -> Tensor<2> {
    if on_cpu(&qkv.device()) {
        return attend_on_cpu(Some(product.kernel()), qkv, b, n_heads, past, rows, queries);
    }
    #[cfg(feature = "webgpu")]
    if let Some(z) = gpu::attend(&qkv, b, n_heads, past, rows, queries.on_device()) {
        return z;
    }
    unreachable!("a tensor on the CPU or on a GPU")
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
    kernel: Option<Kernel>,
    qkv: Tensor<2>,
    b: &Tensor<1>,
    n_heads: usize,
    past: Option<&Past>,
    rows: usize,
    queries: Queries<'_>,
) -> Tensor<2> {
    let [flat, width] = qkv.dims();
    let sequences = flat / rows;
    let (prompts, asking) = match queries {
        Queries::All => (past.map_or(1, |past| past.k.dims()[0]), None),
        Queries::One(one) => (one.of_prompt().len(), Some(one.of_prompt())),
    };
    let past = past.map(|past| [&past.k, &past.v].map(Held::of));
    let [past_k, past_v] = match &past {
        Some(past) => past.each_ref().map(Held::numbers),
        None => [&[][..]; 2],
    };
    let (b, mut qkv) = (Held::of(b), qkv.into_data());
    let attention = cpu::Attention {
        kernel,
        qkv: floats_mut(&mut qkv),
        bias: b.numbers(),
        past_k,
        past_v,
        queries: asking,
        prompts,
        rows,
        n_heads,
    };
    let shape = [sequences * queries.count(rows), width / 3];
    tensor(cpu::attend(attention), shape)
}

/// What the heads of one row of each sequence attend to, from its queries taken through `W_K`: on the CPU.
///
/// # Shapes
/// - `x`: normalised rows, `[sequence * rows, d_model]`; `q`: the queries with their bias, `[sequence, d_model]`;
///   `absorbed`: `W_K q` of each head, `[sequence, d_model]` each; `b`: the bias of queries, keys and values,
///   `[3 * d_model]`; `asking`: the row of each prompt
/// - returns for each head what its pattern makes of `x`, then side by side what it makes of the past's values,
///   `[sequence, (head + 1) * d_model]`
pub fn attend_absorbed(
    product: Product,
    x: &Tensor<2>,
    q: &Tensor<2>,
    absorbed: &[Tensor<2>],
    b: &Tensor<1>,
    past: Option<&Past>,
    asking: &[usize],
) -> Tensor<2> {
    let ([flat, _], [sequences, d_model]) = (x.dims(), q.dims());
    let b_k = Held::of(&b.clone().narrow(0, d_model, d_model));
    let past = past.map(|past| [&past.k, &past.v].map(Held::of));
    let [past_k, past_v] = match &past {
        Some(past) => past.each_ref().map(Held::numbers),
        None => [&[][..]; 2],
    };
    let of_heads: Vec<Held> = absorbed.iter().map(Held::of).collect();
    let of_heads: Vec<&[f32]> = of_heads.iter().map(Held::numbers).collect();
    let [x, q] = [x, q].map(Held::of);
    let inputs = cpu::Absorbed {
        kernel: Some(product.kernel()),
        x: x.numbers(),
        q: q.numbers(),
        absorbed: &of_heads,
        b_k: b_k.numbers(),
        past_k,
        past_v,
        asking,
        rows: flat / sequences,
    };
    let width = (absorbed.len() + 1) * d_model;
    tensor(cpu::attend_absorbed(&inputs), [sequences, width])
}

/// The change of z of some heads, each with a change of its query, key or value.
///
/// # Shapes
/// - `delta`: `[variant, prompt, rows, d_head]`, also returned; `of`: the head and the input of each variant
/// - q and z: `[head, prompt, rows, d_head]`; k and v: `[head, prompt, pos, d_head]`, the rows last
pub fn change_of_z(
    product: Product,
    delta: &Tensor<4>,
    of: &[(usize, HeadInput)],
    qkvz: [&Tensor<4>; 4],
) -> Tensor<4> {
    #[cfg(feature = "webgpu")]
    if let Some(change) = gpu::change_of_z(delta, of, qkvz) {
        return change;
    }
    let dims = delta.dims();
    let [_, prompts, rows, d_head] = dims;
    let [q, k, v, z] = qkvz.map(Held::of);
    let delta = Held::of(delta);
    let inputs = cpu::Patched {
        kernel: Some(product.kernel()),
        delta: delta.numbers(),
        of,
        q: q.numbers(),
        k: k.numbers(),
        v: v.numbers(),
        z: z.numbers(),
        prompts,
        rows,
        d_head,
    };
    tensor(cpu::change_of_z(&inputs), dims)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::{
        super::{
            attention::{attention, causal_mask},
            rows::OneRow,
        },
        *,
    };

    /// Positions before the rows: so few that the CPU attends to them by a loop, and so many that it does by products.
    const BEFORE: [usize; 2] = [5, 40];

    #[test]
    fn attention_in_operations_is_that_of_the_kernels() {
        let (prompts, edges, rows, heads, d_head) = (2, 9, 4, 2, 3);
        let width = 3 * heads * d_head;
        let flat = edges * prompts * rows;
        let qkv = random(flat * width).reshape([flat, width]);
        let b = random(width);
        for (before, kernel) in BEFORE.into_iter().zip([None, Some(Kernel::Gemm)]) {
            let past = random_past([prompts, heads, before, d_head]);
            for past in [None, Some(&past)] {
                let one = OneRow::new(vec![3, 1], &Device::flex());
                for queries in [Queries::All, Queries::One(&one)] {
                    let z = attend_on_cpu(kernel, qkv.clone(), &b, heads, past, rows, queries);
                    let expected =
                        attend_in_operations(qkv.clone(), &b, heads, past, rows, queries);
                    assert_eq!(z.dims(), expected.dims());
                    let difference = (z - expected).abs().max().into_scalar::<f32>();
                    assert!(difference < 1e-5, "{before}, {queries:?}: {difference}");
                }
            }
        }
    }

    /// Attention in Burn's operations.
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
        let mask = causal_mask(rows, pos, &device);
        let mask = match queries {
            Queries::All => mask,
            Queries::One(one) => Tensor::cat(
                one.of_prompt()
                    .iter()
                    .map(|row| mask.clone().narrow(0, *row, 1))
                    .collect(),
                0,
            ),
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

    fn random_past(shape: [usize; 4]) -> Past {
        let [k, v] = [0, 1].map(|_| random(shape.iter().product()).reshape(shape));
        Past { k, v }
    }

    /// Numbers from a normal distribution.
    fn random(n: usize) -> Tensor<1> {
        Tensor::random([n], Distribution::Normal(0.0, 1.0), &Device::flex())
    }

    #[test]
    fn one_row_attends_through_the_weights_as_it_does_through_keys_and_values() {
        let (prompts, edges, rows, heads, d_head) = (2, 9, 4, 2, 3);
        let (d_model, sequences) = (heads * d_head, edges * prompts);
        let x = random(sequences * rows * d_model).reshape([sequences * rows, d_model]);
        let w = random(3 * d_model * d_model).reshape([d_model, 3 * d_model]);
        // Values have no bias.
        let b = Tensor::cat(vec![random(2 * d_model), random(d_model) * 0.0], 0);
        let [few, many] = BEFORE.map(|before| random_past([prompts, heads, before, d_head]));
        for past in [None, Some(&few), Some(&many)] {
            for asking in [[3, 1], [0, 2]] {
                let one = OneRow::new(asking.to_vec(), &Device::flex());
                let queries = Queries::One(&one);
                let qkv = x.clone().matmul(w.clone());
                let expected = attend_on_cpu(None, qkv.clone(), &b, heads, past, rows, queries);
                let q = qkv.narrow(1, 0, d_model) + b.clone().narrow(0, 0, d_model).unsqueeze();
                let q = queries.select(q, rows);
                let columns = |first| w.clone().narrow(1, first, d_head);
                let absorbed = (0..heads).map(|head| {
                    let q = q.clone().narrow(1, head * d_head, d_head);
                    q.matmul(columns(d_model + head * d_head).transpose())
                });
                let absorbed: Vec<Tensor<2>> = absorbed.collect();
                let found = attend_absorbed(Product::Burn, &x, &q, &absorbed, &b, past, &asking);
                let z = (0..heads).map(|head| {
                    let x = found.clone().narrow(1, head * d_model, d_model);
                    x.matmul(columns(2 * d_model + head * d_head))
                });
                let z = Tensor::cat(z.collect(), 1);
                let z = z + found.narrow(1, heads * d_model, d_model);
                let difference = (z - expected).abs().max().into_scalar::<f32>();
                assert!(difference < 1e-4, "{asking:?}: {difference}");
            }
        }
    }

    #[test]
    fn a_change_of_z_is_that_of_attention_with_the_change() {
        let (variants, prompts, rows, heads, d_head) = (5, 2, 8, 3, 4);
        let of = [
            (2, HeadInput::Q),
            (2, HeadInput::K),
            (0, HeadInput::K),
            (1, HeadInput::V),
            (2, HeadInput::V),
        ];
        let shaped = |dims: [usize; 4]| random(dims.iter().product()).reshape(dims);
        let on_rows = [heads, prompts, rows, d_head];
        let [q, z] = [0, 1].map(|_| shaped(on_rows));
        let delta = shaped([variants, prompts, rows, d_head]);
        for pos in BEFORE.map(|before| before + rows) {
            let [k, v] = [0, 1].map(|_| shaped([heads, prompts, pos, d_head]));
            let change = change_of_z(Product::Burn, &delta, &of, [&q, &k, &v, &z]);
            let mask = causal_mask(rows, pos, &Device::flex()).unsqueeze::<4>();
            for (i, (head, input)) in of.into_iter().enumerate() {
                let of_head = |x: &Tensor<4>| x.clone().narrow(0, head, 1);
                let [mut q, mut k, mut v] = [&q, &k, &v].map(of_head);
                let delta = delta.clone().narrow(0, i, 1);
                let before = Tensor::zeros([1, prompts, pos - rows, d_head], &Device::flex());
                let on_all = Tensor::cat(vec![before, delta.clone()], 2);
                match input {
                    HeadInput::Q => q = q + delta,
                    HeadInput::K => k = k + on_all,
                    HeadInput::V => v = v + on_all,
                }
                let (_, patched) = attention(q, k, v, mask.clone());
                let expected = patched - of_head(&z);
                let got = change.clone().narrow(0, i, 1);
                let difference = (got - expected).abs().max().into_scalar::<f32>();
                assert!(difference < 1e-5, "{i}: {difference}");
            }
        }
    }
}
