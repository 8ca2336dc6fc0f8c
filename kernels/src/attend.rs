//! Causal attention of all heads on rows of sequences.

use crate::{
    math::dot,
    norm::add_bias,
    rows::{rows_of, softmax},
};

/// The inputs of [`attend`].
pub struct Attention<'a> {
    /// Queries, keys and values of all heads side by side, `[sequence, rows, 3 * d_model]`, before `bias`.
    pub qkv: &'a mut [f32],
    /// Biases of queries, keys and values, `[3 * d_model]`.
    pub bias: &'a [f32],
    /// Keys of the positions before the rows, `[prompt, head, past, d_head]`; empty if the rows begin at position 0.
    /// Sequence `s` belongs to prompt `s % prompts`.
    pub past_k: &'a [f32],
    /// Values of these positions, `[prompt, head, past, d_head]`.
    pub past_v: &'a [f32],
    /// The one row of each prompt whose query is computed; `None` for every row.
    pub queries: Option<&'a [usize]>,
    /// Number of prompts in the batch.
    pub prompts: usize,
    /// Rows per sequence.
    pub rows: usize,
    /// Number of heads.
    pub n_heads: usize,
}

/// Causal attention of all heads into `z`, `[sequence, queries, d_model]`.
pub fn attend(attention: Attention<'_>, z: &mut [f32]) {
    let Attention {
        qkv,
        bias,
        past_k,
        past_v,
        queries,
        prompts,
        rows,
        n_heads,
    } = attention;
    let width = bias.len();
    let (d_model, d_head) = (width / 3, width / 3 / n_heads);
    let past = past_k.len() / (prompts * d_model);
    add_bias(qkv, bias);
    let qkv = &*qkv;
    let n_queries = if queries.is_some() { 1 } else { rows };
    let scale = 1.0 / (d_head as f32).sqrt();
    rows_of(
        z,
        n_queries * d_model,
        #[inline(always)]
        |s, z| {
            let sequence = &qkv[s * rows * width..][..rows * width];
            let mut weights = vec![0.0; past + rows];
            for (i, z) in z.chunks_exact_mut(d_model).enumerate() {
                let row = queries.map_or(i, |rows| rows[s % prompts]);
                for (head, z) in z.chunks_exact_mut(d_head).enumerate() {
                    let before = (s % prompts * n_heads + head) * past * d_head;
                    let [past_k, past_v] =
                        [past_k, past_v].map(|x| x[before..][..past * d_head].chunks_exact(d_head));
                    let of_rows = |part: usize| {
                        let rows = sequence.chunks_exact(width).take(row + 1);
                        rows.map(move |r| &r[part * d_model + head * d_head..][..d_head])
                    };
                    let q = &sequence[row * width + head * d_head..][..d_head];
                    let weights = &mut weights[..past + row + 1];
                    for (w, k) in weights.iter_mut().zip(past_k.chain(of_rows(1))) {
                        *w = scale * dot(q, k);
                    }
                    softmax(weights);
                    z.fill(0.0);
                    for (w, v) in weights.iter().zip(past_v.chain(of_rows(2))) {
                        z.iter_mut().zip(v).for_each(|(z, v)| *z += w * v);
                    }
                }
            }
        },
    );
}
