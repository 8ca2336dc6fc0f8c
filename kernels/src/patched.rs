//! What a change of a head's query, key or value makes of its z.
//!
//! ```text
//! change of z = softmax(q' k'^T / sqrt(d_head)) v' - z,   one of q', k', v' with the change, the others as they were
//! ```

use crate::{
    math::dot,
    rows::{rows_of, softmax},
};

/// Which input of a head is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The query.
    Q,
    /// The key.
    K,
    /// The value.
    V,
}

/// The inputs of [`change_of_z`].
pub struct Patched<'a> {
    /// What is added to the input of each variant on the rows, `[variant, prompt, rows, d_head]`.
    pub delta: &'a [f32],
    /// The head of each variant, and which of its inputs is changed.
    pub of: &'a [(usize, Input)],
    /// Queries of the rows, `[head, prompt, rows, d_head]`.
    pub q: &'a [f32],
    /// Keys of all positions, of which the rows are the last, `[head, prompt, pos, d_head]`.
    pub k: &'a [f32],
    /// Values, likewise.
    pub v: &'a [f32],
    /// z of the rows, `[head, prompt, rows, d_head]`.
    pub z: &'a [f32],
    /// Number of prompts.
    pub prompts: usize,
    /// Rows of each prompt.
    pub rows: usize,
    /// Width of a head.
    pub d_head: usize,
}

/// The change of each variant's z on the rows, into `out`.
///
/// # Shapes
/// - `out`: `[variant, prompt, rows, d_head]`
pub fn change_of_z(inputs: &Patched<'_>, out: &mut [f32]) {
    let Patched {
        delta,
        of,
        q,
        k,
        v,
        z,
        prompts,
        rows,
        d_head,
    } = *inputs;
    let in_rows = rows * d_head;
    let pos = k.len() / (q.len() / rows);
    let in_pos = pos * d_head;
    let scale = 1.0 / (d_head as f32).sqrt();
    rows_of(
        out,
        in_rows,
        #[inline(always)]
        |s, out| {
            let (head, input) = of[s / prompts];
            let place = head * prompts + s % prompts;
            let delta = &delta[s * in_rows..][..in_rows];
            let [q, z] = [q, z].map(|x| &x[place * in_rows..][..in_rows]);
            let [k, v] = [k, v].map(|x| &x[place * in_pos..][..in_pos]);
            let with = |x: &[f32], of_rows: usize| -> Vec<f32> {
                let mut x = x.to_vec();
                let changed = x[of_rows..].iter_mut().zip(delta);
                changed.for_each(|(x, delta)| *x += delta);
                x
            };
            let before = in_pos - in_rows;
            let changed = match input {
                Input::Q => with(q, 0),
                Input::K => with(k, before),
                Input::V => with(v, before),
            };
            let [q, k, v] = match input {
                Input::Q => [&changed, k, v],
                Input::K => [q, &changed, v],
                Input::V => [q, k, &changed],
            };
            let mut weights = vec![0.0; pos];
            let of_rows = q.chunks_exact(d_head).zip(z.chunks_exact(d_head));
            let of_rows = of_rows.zip(out.chunks_exact_mut(d_head)).enumerate();
            for (row, ((q, z), out)) in of_rows {
                let weights = &mut weights[..pos - rows + row + 1];
                for (w, k) in weights.iter_mut().zip(k.chunks_exact(d_head)) {
                    *w = scale * dot(q, k);
                }
                softmax(weights);
                out.fill(0.0);
                for (w, v) in weights.iter().zip(v.chunks_exact(d_head)) {
                    out.iter_mut().zip(v).for_each(|(out, v)| *out += w * v);
                }
                out.iter_mut().zip(z).for_each(|(out, z)| *out -= z);
            }
        },
    );
}
