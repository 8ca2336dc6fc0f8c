//! What a change of a head's query, key or value makes of its z.
//!
//! ```text
//! change of z = softmax(q' k'^T / sqrt(d_head)) v' - z,   one of q', k', v' with the change, the others as they were
//! ```

use std::ops::Range;

use crate::{
    math::dot,
    matmul::Kernel,
    past::{Shared, attend_to_past, weigh},
    rows::{add, new_rows},
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
    /// The kernel of products over the past; a loop without one.
    pub kernel: Option<Kernel>,
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

/// The change of each variant's z on the rows.
///
/// The past, all positions before the rows, is attended to as [`attend`](crate::attend()) does, with a product for variants
/// of one head that stand together.
///
/// # Shapes
/// - returns `[variant, prompt, rows, d_head]`
pub fn change_of_z(inputs: &Patched<'_>) -> Vec<f32> {
    let Patched {
        kernel,
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
    let in_pos = k.len() / (q.len() / in_rows);
    let in_past = in_pos - in_rows;
    let scale = 1.0 / (d_head as f32).sqrt();
    let place_of = |variant: usize, prompt: usize| of[variant].0 * prompts + prompt;
    let delta_of = |variant: usize, prompt: usize, input: Input| {
        let is_changed = of[variant].1 == input;
        is_changed.then(|| &delta[(variant * prompts + prompt) * in_rows..][..in_rows])
    };
    let heads = by_head(of);
    let groups = (0..heads.len() * prompts).map(|group| {
        let variants = &heads[group / prompts];
        let place = place_of(variants.start, group % prompts);
        let [k, v] = [k, v].map(|x| &x[place * in_pos..][..in_past]);
        let queries = variants.len() * rows;
        Shared { k, v, queries }
    });
    let groups: Vec<Shared<'_>> = groups.collect();
    let found = attend_to_past(
        kernel,
        d_head,
        &groups,
        #[inline(always)]
        |group, i, query| {
            let variant = heads[group / prompts].start + i / rows;
            let (prompt, first) = (group % prompts, i % rows * d_head);
            let place = place_of(variant, prompt);
            query.copy_from_slice(&q[place * in_rows + first..][..d_head]);
            if let Some(delta) = delta_of(variant, prompt, Input::Q) {
                add(query, &delta[first..]);
            }
        },
    );
    new_rows(
        of.len() * prompts,
        in_rows,
        #[inline(always)]
        |s, out| {
            let (variant, prompt) = (s / prompts, s % prompts);
            let place = place_of(variant, prompt);
            let head = heads.partition_point(|variants| variants.end <= variant);
            let (group, first) = (
                head * prompts + prompt,
                (variant - heads[head].start) * rows,
            );
            let [k, v] = [k, v].map(|x| &x[place * in_pos + in_past..][..in_rows]);
            let [q, z] = [q, z].map(|x| &x[place * in_rows..][..in_rows]);
            let with_delta = |x: &[f32], input: Input| {
                let mut x = x.to_vec();
                if let Some(delta) = delta_of(variant, prompt, input) {
                    add(&mut x, delta);
                }
                x
            };
            let q = with_delta(q, Input::Q);
            let k = with_delta(k, Input::K);
            let v = with_delta(v, Input::V);
            let mut weights = vec![0.0; in_pos / d_head];
            let of_rows = q.chunks_exact(d_head).zip(z.chunks_exact(d_head));
            let of_rows = of_rows.zip(out.chunks_exact_mut(d_head)).enumerate();
            for (row, ((q, z), out)) in of_rows {
                let found = found.as_ref().map(|found| found.of(group, first + row));
                let [past_k, past_v] = match found {
                    Some(_) => [&[][..]; 2],
                    None => [groups[group].k, groups[group].v],
                };
                let weights = &mut weights[..past_k.len() / d_head + row + 1];
                let keys = past_k.chunks_exact(d_head).chain(k.chunks_exact(d_head));
                for (w, k) in weights.iter_mut().zip(keys) {
                    *w = scale * dot(q, k);
                }
                weigh(found, weights, out);
                let values = past_v.chunks_exact(d_head).chain(v.chunks_exact(d_head));
                for (w, v) in weights.iter().zip(values) {
                    out.iter_mut().zip(v).for_each(|(out, v)| *out += w * v);
                }
                out.iter_mut().zip(z).for_each(|(out, z)| *out -= z);
            }
        },
    )
}

/// Where the variants of one head stand together.
fn by_head(of: &[(usize, Input)]) -> Vec<Range<usize>> {
    let mut end = 0;
    let of_heads = of.chunk_by(|a, b| a.0 == b.0);
    let ranges = of_heads.map(|variants| {
        let start = end;
        end += variants.len();
        start..end
    });
    ranges.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KERNELS, assert_near, numbers};

    #[test]
    fn products_over_the_past_give_what_a_loop_does() {
        use Input::{K, Q, V};
        // Heads that stand together, apart, and once more.
        let of = [(1, Q), (1, Q), (1, V), (0, K), (0, Q), (1, K), (2, V)];
        let many = [(2, Q); 150];
        for (of, [prompts, rows, past, d_head]) in [
            (&of[..], [1, 5, 16, 8]),
            (&of[..], [1, 5, 100, 64]),
            (&of[..], [3, 6, 17, 5]),
            (&many[..], [2, 3, 300, 16]),
        ] {
            let (heads, pos) = (3, past + rows);
            let delta = numbers(of.len() * prompts * rows * d_head, 1);
            let [q, z] = [2, 3].map(|seed| numbers(heads * prompts * rows * d_head, seed));
            let [k, v] = [4, 5].map(|seed| numbers(heads * prompts * pos * d_head, seed));
            let [by_loop, others @ ..] = KERNELS.map(|kernel| {
                let inputs = Patched {
                    kernel,
                    delta: &delta,
                    of,
                    q: &q,
                    k: &k,
                    v: &v,
                    z: &z,
                    prompts,
                    rows,
                    d_head,
                };
                change_of_z(&inputs)
            });
            for out in others {
                assert_near(
                    &out,
                    &by_loop,
                    &format!("{prompts} prompts, {past} + {rows}"),
                );
            }
        }
    }
}
