//! Causal attention of all heads on rows of sequences.

use crate::{
    after::After,
    math::dot,
    matmul::Kernel,
    past::{attend_to_past, evenly, weigh},
    rows::new_rows,
};

/// The inputs of [`attend`].
pub struct Attention<'a> {
    /// The kernel of products over the past; a loop without one.
    pub kernel: Option<Kernel>,
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

/// z of causal attention of all heads, `[sequence, queries, d_model]`.
///
/// Queries attend to the past by two products (`past.rs`) where it has at least 16 positions and a head at least 8 queries in
/// each prompt. This takes as many numbers as `z` has, and two for each query and head. Each thread needs 256 kB for scores
/// (more where the past has over 65,536 positions), and less than that for queries and the kernel.
/// The result does not depend on the number of threads.
pub fn attend(attention: Attention<'_>) -> Vec<f32> {
    let Attention {
        kernel,
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
    After::Bias(bias).change_rows(qkv, width);
    let qkv = &*qkv;
    let n_queries = if queries.is_some() { 1 } else { rows };
    let scale = 1.0 / (d_head as f32).sqrt();
    let row_of = |prompt: usize, query: usize| queries.map_or(query, |rows| rows[prompt]);
    let sequences = qkv.len() / (rows * width);
    let in_group = sequences / prompts * n_queries;
    let groups = evenly([past_k, past_v], prompts * n_heads, in_group);
    let found = attend_to_past(
        kernel,
        d_head,
        &groups,
        #[inline(always)]
        |group, query, q| {
            let (prompt, head) = (group / n_heads, group % n_heads);
            let sequence = query / n_queries * prompts + prompt;
            let row = sequence * rows + row_of(prompt, query % n_queries);
            q.copy_from_slice(&qkv[row * width + head * d_head..][..d_head]);
        },
    );
    new_rows(
        sequences,
        n_queries * d_model,
        #[inline(always)]
        |s, z| {
            let (edge, prompt) = (s / prompts, s % prompts);
            let sequence = &qkv[s * rows * width..][..rows * width];
            let mut weights = vec![0.0; past + rows];
            for (i, z) in z.chunks_exact_mut(d_model).enumerate() {
                let row = row_of(prompt, i);
                for (head, z) in z.chunks_exact_mut(d_head).enumerate() {
                    let group = prompt * n_heads + head;
                    let found = found
                        .as_ref()
                        .map(|found| found.of(group, edge * n_queries + i));
                    let [past_k, past_v] = match found {
                        Some(_) => [&[][..]; 2],
                        None => [groups[group].k, groups[group].v],
                    };
                    let of_rows = |part: usize| {
                        let rows = sequence.chunks_exact(width).take(row + 1);
                        rows.map(move |r| &r[part * d_model + head * d_head..][..d_head])
                    };
                    let q = &sequence[row * width + head * d_head..][..d_head];
                    let weights = &mut weights[..past_k.len() / d_head + row + 1];
                    let keys = past_k.chunks_exact(d_head).chain(of_rows(1));
                    for (w, k) in weights.iter_mut().zip(keys) {
                        *w = scale * dot(q, k);
                    }
                    weigh(found, weights, z);
                    let values = past_v.chunks_exact(d_head).chain(of_rows(2));
                    for (w, v) in weights.iter().zip(values) {
                        z.iter_mut().zip(v).for_each(|(z, v)| *z += w * v);
                    }
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KERNELS, assert_near, bits_by, numbers};

    /// A problem of one shape.
    struct Case {
        shape: [usize; 6],
        queries: Option<Vec<usize>>,
        qkv: Vec<f32>,
        bias: Vec<f32>,
        past: [Vec<f32>; 2],
    }

    impl Case {
        /// Prompts, edges, rows, past, heads and their width; the rows that ask are spread over the prompts.
        fn new(shape: [usize; 6], is_one: bool) -> Self {
            let [prompts, edges, rows, past, heads, d_head] = shape;
            let d_model = heads * d_head;
            // Large enough that heads do not attend uniformly.
            let scaled = |n, seed, by| numbers(n, seed).into_iter().map(|x| by * x).collect();
            Self {
                shape,
                queries: is_one.then(|| (0..prompts).map(|p| (2 * p + 1) % rows).collect()),
                qkv: scaled(prompts * edges * rows * 3 * d_model, 1, 2.0),
                bias: numbers(3 * d_model, 2),
                past: [3, 4].map(|seed| scaled(prompts * past * d_model, seed, 3.0)),
            }
        }

        fn attend(&self, kernel: Option<Kernel>) -> Vec<f32> {
            let [prompts, _, rows, _, heads, _] = self.shape;
            let attention = Attention {
                kernel,
                qkv: &mut self.qkv.clone(),
                bias: &self.bias,
                past_k: &self.past[0],
                past_v: &self.past[1],
                queries: self.queries.as_deref(),
                prompts,
                rows,
                n_heads: heads,
            };
            attend(attention)
        }

        /// By its definition, in f64.
        fn expected(&self) -> Vec<f32> {
            let [prompts, edges, rows, past, heads, d_head] = self.shape;
            let d_model = heads * d_head;
            let mut z = Vec::new();
            for s in 0..edges * prompts {
                let asking = match &self.queries {
                    Some(queries) => vec![queries[s % prompts]],
                    None => (0..rows).collect(),
                };
                for (row, head) in asking
                    .into_iter()
                    .flat_map(|row| (0..heads).map(move |head| (row, head)))
                {
                    let own = |part: usize, row: usize| -> Vec<f64> {
                        let columns = part * d_model + head * d_head..;
                        let x = &self.qkv[(s * rows + row) * 3 * d_model..][columns.clone()];
                        let x = x.iter().zip(&self.bias[columns]).take(d_head);
                        x.map(|(x, b)| f64::from(*x) + f64::from(*b)).collect()
                    };
                    let all = |part: usize| -> Vec<Vec<f64>> {
                        let group = s % prompts * heads + head;
                        let before = &self.past[part - 1][group * past * d_head..];
                        let before = before.chunks(d_head).take(past);
                        let before = before.map(|x| x.iter().copied().map(f64::from).collect());
                        before.chain((0..=row).map(|row| own(part, row))).collect()
                    };
                    let q = own(0, row);
                    let score = |k: Vec<f64>| {
                        let dot: f64 = q.iter().zip(k).map(|(q, k)| q * k).sum();
                        dot / (d_head as f64).sqrt()
                    };
                    let scores: Vec<f64> = all(1).into_iter().map(score).collect();
                    let most = scores.iter().copied().fold(f64::MIN, f64::max);
                    let total: f64 = scores.iter().map(|s| (s - most).exp()).sum();
                    let mut of_head = vec![0.0; d_head];
                    for (s, v) in scores.iter().zip(all(2)) {
                        let weight = (s - most).exp() / total;
                        of_head
                            .iter_mut()
                            .zip(v)
                            .for_each(|(z, v)| *z += weight * v);
                    }
                    z.extend(of_head.into_iter().map(|z| z as f32));
                }
            }
            z
        }
    }

    #[test]
    fn attention_is_that_of_its_definition() {
        // Both sides of where products begin, blocks of queries that are whole and that are not, odd widths.
        for past in [0, 1, 15, 16, 17, 31, 100, 300] {
            for [prompts, edges, rows, heads, d_head] in [
                [1, 1, 1, 1, 1],
                [1, 1, 5, 2, 7],
                [1, 7, 1, 1, 8],
                [1, 8, 1, 1, 8],
                [1, 9, 1, 1, 8],
                [1, 43, 3, 3, 16],
                [1, 26, 5, 2, 64],
                [3, 7, 4, 2, 5],
                [4, 1, 2, 1, 33],
            ] {
                for is_one in [false, true] {
                    let case = Case::new([prompts, edges, rows, past, heads, d_head], is_one);
                    let expected = case.expected();
                    for (i, kernel) in KERNELS.into_iter().enumerate() {
                        let what = format!("{:?}, one {is_one}, kernel {i}", case.shape);
                        assert_near(&case.attend(kernel), &expected, &what);
                    }
                }
            }
        }
    }

    /// So many positions that scores are what limits a block of queries.
    #[test]
    fn a_long_past_is_attended_to_in_smaller_blocks() {
        let case = Case::new([1, 3, 5, 9_000, 1, 8], false);
        let expected = case.expected();
        for kernel in KERNELS {
            assert_near(&case.attend(kernel), &expected, "a long past");
        }
    }

    /// The largest score is of the past, or of the rows, and far from all others.
    #[test]
    fn large_scores_leave_one_weight() {
        for scale in [[100.0, 1.0], [1.0, 100.0], [100.0, 100.0]] {
            let mut case = Case::new([1, 30, 3, 40, 2, 16], false);
            case.past[0].iter_mut().for_each(|k| *k *= scale[0]);
            case.qkv.iter_mut().for_each(|x| *x *= scale[1]);
            let by_loop = case.attend(None);
            for kernel in KERNELS {
                let z = case.attend(kernel);
                assert!(z.iter().all(|z| z.is_finite()));
                let error = z.iter().zip(&by_loop).map(|(a, b)| (a - b).abs());
                let error = error.fold(0.0, f32::max);
                // Scores are up to 1e5, and as inexact as that.
                assert!(error < 2e-2 * scale[1], "{scale:?}: {error}");
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let mut case = Case::new([1, 3, 3, 40, 2, 16], false);
        case.past[0][16 * 7] = f32::NAN;
        for kernel in KERNELS {
            let z = case.attend(kernel);
            let (of_heads, _) = z.as_chunks::<16>();
            for (i, z) in of_heads.iter().enumerate() {
                assert!(z.iter().all(|z| z.is_nan() == (i % 2 == 0)), "head {i}");
            }
        }
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        // Blocks whose products the `gemm` crate adds up in other parts than larger ones, then small ones.
        for shape in [[1, 51, 5, 2_000, 2, 64], [3, 5, 3, 40, 2, 16]] {
            let case = Case::new(shape, false);
            for kernel in KERNELS {
                let by = |threads| bits_by(threads, || case.attend(kernel));
                let alone = by(1);
                for threads in [2, 3, 8] {
                    assert!(by(threads) == alone, "{shape:?} on {threads} threads");
                }
            }
        }
    }
}
