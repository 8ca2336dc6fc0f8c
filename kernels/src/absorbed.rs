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
    rows::{rows_of, softmax},
};

/// The inputs of [`attend_absorbed`].
pub struct Absorbed<'a> {
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

/// The weighted sums of attention for the rows that attend, into `out`: first `sum_j p[j] x[j]` over the rows for each head, then
/// the part of z that comes from the past, head by head.
///
/// # Shapes
/// - `out`: `[sequence, (n_heads + 1) * d_model]`
pub fn attend_absorbed(inputs: &Absorbed<'_>, out: &mut [f32]) {
    let Absorbed {
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
    rows_of(
        out,
        (n_heads + 1) * d_model,
        #[inline(always)]
        |s, out| {
            let (of_rows, of_past) = out.split_at_mut(n_heads * d_model);
            let seen = asking[s % prompts] + 1;
            let x = &x[s * rows * d_model..][..seen * d_model];
            let q = &q[s * d_model..][..d_model];
            let mut weights = vec![0.0; past + seen];
            let heads = of_rows.chunks_exact_mut(d_model);
            for (head, (of_rows, z)) in heads.zip(of_past.chunks_exact_mut(d_head)).enumerate() {
                let of_head = head * d_head..(head + 1) * d_head;
                let before = (s % prompts * n_heads + head) * past * d_head;
                let [past_k, past_v] =
                    [past_k, past_v].map(|x| x[before..][..past * d_head].chunks_exact(d_head));
                let (q, absorbed) = (
                    &q[of_head.clone()],
                    &absorbed[head][s * d_model..][..d_model],
                );
                let by_bias = dot(q, &b_k[of_head]);
                let (on_past, on_rows) = weights.split_at_mut(past);
                for (w, k) in on_past.iter_mut().zip(past_k) {
                    *w = scale * dot(q, k);
                }
                for (w, x) in on_rows.iter_mut().zip(x.chunks_exact(d_model)) {
                    *w = scale * (dot(absorbed, x) + by_bias);
                }
                softmax(&mut weights);
                let (on_past, on_rows) = weights.split_at(past);
                z.fill(0.0);
                for (w, v) in on_past.iter().zip(past_v) {
                    z.iter_mut().zip(v).for_each(|(z, v)| *z += w * v);
                }
                of_rows.fill(0.0);
                for (w, x) in on_rows.iter().zip(x.chunks_exact(d_model)) {
                    of_rows.iter_mut().zip(x).for_each(|(y, x)| *y += w * x);
                }
            }
        },
    );
}
