//! Attention of one row of each sequence, with the key and value weights taken to the query and to the result.
//!
//! ```text
//! score[j] = q . (x[j] W_K + b_K) = (W_K q) . x[j] + q . b_K
//! z        = sum_j p[j] (x[j] W_V) = (sum_j p[j] x[j]) W_V
//! ```
//!
//! When only one row of a sequence attends, this multiplies that row by two weights. Keys and values of all rows, which it
//! does without, would take two products for each row.

use crate::{
    math::dot,
    matmul::Kernel,
    past::{attend_to_past, evenly, weigh},
    rows::new_rows,
};

/// The inputs of [`attend_absorbed`].
pub struct Absorbed<'a> {
    /// The kernel of products over the past; a loop without one.
    pub kernel: Option<Kernel>,
    /// Normalised rows, `[sequence, rows, d_model]`.
    pub x: &'a [f32],
    /// Query of the asking row of each sequence, its bias included, `[sequence, d_model]`.
    pub q: &'a [f32],
    /// `W_K q` of each head, `[sequence, d_model]` each.
    pub absorbed: &'a [&'a [f32]],
    /// Bias of keys, `[d_model]`.
    pub b_k: &'a [f32],
    /// Keys of the positions before the rows, `[prompt, head, past, d_head]`; empty if the rows begin at position 0.
    /// Sequence `s` belongs to prompt `s % prompts`.
    pub past_k: &'a [f32],
    /// Values of these positions, `[prompt, head, past, d_head]`.
    pub past_v: &'a [f32],
    /// The row of each prompt that asks.
    pub asking: &'a [usize],
    /// Rows per sequence.
    pub rows: usize,
}

/// The weighted sums of attention for the rows that attend: first `sum_j p[j] x[j]` over the rows for each head, then
/// the part of z that comes from the past, head by head.
///
/// The past is attended to as [`attend`](crate::attend()) does, which tells the memory.
///
/// # Shapes
/// - returns `[sequence, (n_heads + 1) * d_model]`
pub fn attend_absorbed(inputs: &Absorbed<'_>) -> Vec<f32> {
    let Absorbed {
        kernel,
        x,
        q,
        absorbed,
        b_k,
        past_k,
        past_v,
        asking,
        rows,
    } = *inputs;
    let (prompts, n_heads, d_model) = (asking.len(), absorbed.len(), b_k.len());
    let d_head = d_model / n_heads;
    let past = past_k.len() / (prompts * d_model);
    let scale = 1.0 / (d_head as f32).sqrt();
    let edges = q.len() / (prompts * d_model);
    let groups = evenly([past_k, past_v], prompts * n_heads, edges);
    let found = attend_to_past(
        kernel,
        d_head,
        &groups,
        #[inline(always)]
        |group, edge, query| {
            let (prompt, head) = (group / n_heads, group % n_heads);
            let first = (edge * prompts + prompt) * d_model + head * d_head;
            query.copy_from_slice(&q[first..][..d_head]);
        },
    );
    new_rows(
        edges * prompts,
        (n_heads + 1) * d_model,
        #[inline(always)]
        |s, out| {
            let (edge, prompt) = (s / prompts, s % prompts);
            let (of_rows, z) = out.split_at_mut(n_heads * d_model);
            let seen = asking[prompt] + 1;
            let x = &x[s * rows * d_model..][..seen * d_model];
            let q = &q[s * d_model..][..d_model];
            let mut weights = vec![0.0; past + seen];
            let heads = of_rows.chunks_exact_mut(d_model);
            for (head, (of_rows, z)) in heads.zip(z.chunks_exact_mut(d_head)).enumerate() {
                let of_head = head * d_head..(head + 1) * d_head;
                let group = prompt * n_heads + head;
                let found = found.as_ref().map(|found| found.of(group, edge));
                let [past_k, past_v] = match found {
                    Some(_) => [&[][..]; 2],
                    None => [groups[group].k, groups[group].v],
                };
                let (q, absorbed) = (
                    &q[of_head.clone()],
                    &absorbed[head][s * d_model..][..d_model],
                );
                let by_bias = dot(q, &b_k[of_head]);
                let past = past_k.len() / d_head;
                let weights = &mut weights[..past + seen];
                let (on_past, on_rows) = weights.split_at_mut(past);
                for (w, k) in on_past.iter_mut().zip(past_k.chunks_exact(d_head)) {
                    *w = scale * dot(q, k);
                }
                for (w, x) in on_rows.iter_mut().zip(x.chunks_exact(d_model)) {
                    *w = scale * (dot(absorbed, x) + by_bias);
                }
                weigh(found, weights, z);
                let (on_past, on_rows) = weights.split_at(past);
                for (w, v) in on_past.iter().zip(past_v.chunks_exact(d_head)) {
                    z.iter_mut().zip(v).for_each(|(z, v)| *z += w * v);
                }
                for (w, x) in on_rows.iter().zip(x.chunks_exact(d_model)) {
                    of_rows.iter_mut().zip(x).for_each(|(y, x)| *y += w * x);
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KERNELS, assert_near, numbers};

    #[test]
    fn products_over_the_past_give_what_a_loop_does() {
        for [prompts, edges, rows, past, heads, d_head] in [
            [1, 8, 3, 16, 1, 8],
            [1, 51, 5, 100, 2, 64],
            [3, 9, 4, 17, 3, 5],
            [2, 140, 3, 300, 1, 16],
        ] {
            let (d_model, sequences) = (heads * d_head, prompts * edges);
            let x = numbers(sequences * rows * d_model, 1);
            let q = numbers(sequences * d_model, 2);
            let absorbed = (0..heads).map(|h| numbers(sequences * d_model, 3 + h as u64));
            let absorbed: Vec<Vec<f32>> = absorbed.collect();
            let absorbed: Vec<&[f32]> = absorbed.iter().map(Vec::as_slice).collect();
            let b_k = numbers(d_model, 20);
            let [past_k, past_v] = [21, 22].map(|seed| numbers(prompts * past * d_model, seed));
            let asking: Vec<usize> = (0..prompts).map(|p| (2 * p + 1) % rows).collect();
            let [by_loop, others @ ..] = KERNELS.map(|kernel| {
                let inputs = Absorbed {
                    kernel,
                    x: &x,
                    q: &q,
                    absorbed: &absorbed,
                    b_k: &b_k,
                    past_k: &past_k,
                    past_v: &past_v,
                    asking: &asking,
                    rows,
                };
                attend_absorbed(&inputs)
            });
            for out in others {
                assert_near(
                    &out,
                    &by_loop,
                    &format!("{prompts} x {edges}, {past} + {rows}"),
                );
            }
        }
    }
}
