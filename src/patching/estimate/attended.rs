//! Effects on queries, keys and values with the receiving head's own attention exact.
//!
//! ```text
//! c = g_z v^T - (its mean under the pattern)               what attending to a key is worth, [query, key]
//! q: effect = sum over queries of softmax(scores + delta_q k^T / sqrt(d_head)) . c
//! k: effect = sum over queries of softmax(scores + q delta_k^T / sqrt(d_head)) . c
//! v: effect = delta_v . d metric / d v
//! ```
//!
//! with `g_z` the metric's gradient with respect to the head's z. No new z is needed: what a pattern makes of the values
//! is only ever multiplied by that gradient. A change of keys leaves those before the rows alone, so they are one key with
//! the sum of their weights.
//!
//! `delta_c = read W_c` of all senders is the most expensive product, though it is only ever multiplied by queries, keys or
//! gradients. Where there are fewer of these than `d_head`, as in short prompts, they are taken through `W_c` instead: for
//! 5 rows of 15 tokens of GPT-2 small that is a ninth of these products.

use std::ops::Range;

use burn::tensor::{
    Tensor,
    activation::{log_softmax, softmax},
};

use super::{
    effects::{Group, Results},
    linear::Norm,
};
use crate::{
    error::Result,
    ops::{Worth, attention_changes, linear_changes, matmul, on_cpu},
    patching::{
        gradient::{OfHeads, add_in_front},
        graph::Component,
        slice::{Destination, Slice},
    },
};

/// A change as one component of a layer's heads reads it.
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Change {
    /// What it makes of the component, `[head, batch, sender, rows, d_head]`.
    Component(Tensor<5>),
    /// What the LayerNorm makes of it, `[batch, sender, rows, d_model]`, and the heads' weights, `[head, d_head,
    /// d_model]`.
    Read(Tensor<4>, Tensor<3>),
}

impl Change {
    /// Dot products of the component on some rows with vectors of some heads.
    ///
    /// # Shapes
    /// - `vectors`: `[head, batch, n, d_head]`; returns `[head, batch, sender, rows, n]`
    fn dot(&self, heads: Range<usize>, rows: Range<usize>, vectors: Tensor<4>) -> Tensor<5> {
        let [n_heads, batch, n, d_head] = vectors.dims();
        match self {
            Self::Component(delta) => {
                let delta = delta.clone().narrow(0, heads.start, n_heads);
                let delta = delta.narrow(3, rows.start, rows.len());
                let senders = delta.dims()[2];
                let delta = delta.reshape([n_heads, batch, senders * rows.len(), d_head]);
                let products = matmul(delta, vectors.transpose());
                products.reshape([n_heads, batch, senders, rows.len(), n])
            }
            Self::Read(read, w) => {
                let [_, senders, _, d_model] = read.dims();
                let w = w.clone().narrow(0, heads.start, n_heads);
                let vectors = matmul(vectors.reshape([n_heads, batch * n, d_head]), w);
                let vectors = vectors.reshape([n_heads, batch, n, d_model]);
                let vectors = vectors.permute([1, 3, 0, 2]);
                let vectors = vectors.reshape([batch, d_model, n_heads * n]);
                let read = read.clone().narrow(2, rows.start, rows.len());
                let read = read.reshape([batch, senders * rows.len(), d_model]);
                let products = matmul(read, vectors);
                let products = products.reshape([batch, senders, rows.len(), n_heads, n]);
                products.permute([3, 0, 1, 2, 4])
            }
        }
    }

    /// Dot products of the component at each row with a vector of each head there.
    ///
    /// # Shapes
    /// - `vectors`: `[head, batch, rows, d_head]`; returns `[head, batch, sender, rows]`
    fn dot_by_row(&self, vectors: Tensor<4>) -> Tensor<4> {
        let [heads, batch, rows, d_head] = vectors.dims();
        match self {
            Self::Component(delta) => {
                let products = delta.clone() * vectors.unsqueeze_dim(2);
                products.sum_dim(4).squeeze_dim(4)
            }
            Self::Read(read, w) => {
                let [_, senders, _, d_model] = read.dims();
                let vectors = vectors.reshape([heads, batch * rows, d_head]);
                let vectors = matmul(vectors, w.clone()).permute([1, 2, 0]);
                let read = read.clone().swap_dims(1, 2);
                let read = read.reshape([batch * rows, senders, d_model]);
                let products = matmul(read, vectors);
                let products = products.reshape([batch, rows, senders, heads]);
                products.permute([3, 0, 2, 1])
            }
        }
    }
}

/// Where effects on a layer's heads belong.
struct To<'g> {
    group: &'g Group,
    /// Which of the group's senders.
    senders: Range<usize>,
    component: Component,
}

/// Effects on a layer's heads.
///
/// # Shapes
/// - `group`: queries, keys and values of all heads; `asked`: which of the three are wanted
///
/// # Errors
/// Those of the pause.
pub(super) async fn attended(
    slice: &Slice<'_>,
    results: &mut Results,
    (layer, group, asked): (usize, &Group, [bool; 3]),
    norm: &Norm,
    base: &Destination,
    gradient: &OfHeads,
) -> Result<()> {
    let config = &slice.model.config;
    let (heads, d_head, d_model) = (config.n_heads, config.d_head, config.d_model);
    let (batch, rows) = (slice.batch, slice.window.rows);
    let flat = batch * rows;
    let block = &slice.model.layers.block(layer).await?;
    let fits = heads_taken_through(slice);
    // How many vectors of a head each row is multiplied with, and how many heads' are held at once.
    let is_taken_through = |component| match component {
        Component::Q => slice.window.end() < d_head && fits > 0,
        Component::K => rows < d_head && fits > 0,
        // On a GPU one kernel does it: see `linear_changes`.
        Component::V => fits >= heads && on_cpu(&slice.model.device()),
    };
    let qkv = [&base.q, &base.k, &base.v];
    for (which, senders) in group.senders(slice.steps.rows / flat) {
        let n = senders.len();
        let read = norm.forwards(slice.written(senders, 0..flat), 0..flat);
        let read = read.reshape([n * flat, d_model]);
        slice.steps.pause.pause().await?;
        for component in Component::ALL {
            if !asked[component as usize] {
                continue;
            }
            let of_component = |x: &Tensor<2>| {
                let first = component as usize * d_model;
                x.clone().narrow(1, first, d_model)
            };
            let w = of_component(&block.w_qkv);
            let to = To {
                group,
                senders: which.clone(),
                component,
            };
            // Where each key is changed alone, operations have it.
            let is_alone = component == Component::K && results.is_by_position();
            if let (Some(of_queries), false) = (&gradient.of_queries, is_alone) {
                let by_w = |x| block.product.matmul(x, &w);
                let delta = slice.steps.by_rows(read.clone(), by_w).await?;
                let by_z = &gradient.by_z;
                let first = component as usize * d_model;
                let worth = match component {
                    Component::V => linear_changes(&delta, &gradient.by_qkv, first, heads, batch),
                    _ => {
                        let is_of_keys = component == Component::K;
                        attention_changes(qkv, by_z, of_queries, &delta, is_of_keys)
                    }
                };
                if let Some(worth) = worth {
                    at_once(slice, results, &to, worth);
                    slice.steps.pause.pause().await?;
                    continue;
                }
            }
            let change = if is_taken_through(component) {
                let w = w.transpose().reshape([heads, d_head, d_model]);
                let read = read.clone().reshape([n, batch, rows, d_model]);
                Change::Read(read.swap_dims(0, 1), w)
            } else {
                let by_w = |x| block.product.matmul(x, &w);
                let delta = slice.steps.by_rows(read.clone(), by_w).await?;
                let delta = delta.reshape([n, batch, rows, heads, d_head]);
                Change::Component(delta.permute([3, 1, 0, 2, 4]))
            };
            if component == Component::V {
                let by_v = of_component(&gradient.by_qkv);
                let by_v = by_v.reshape([batch, rows, heads, d_head]);
                let effects = change.dot_by_row(by_v.permute([2, 0, 1, 3]));
                let effects = effects.sum_dim(1).squeeze_dim(1);
                add_up(slice, results, &to, 0..heads, effects);
                slice.steps.pause.pause().await?;
            } else {
                through_softmax(slice, results, &to, n, &change, base, &gradient.by_z).await?;
            }
        }
    }
    Ok(())
}

/// Effects on all heads, from one kernel.
fn at_once(slice: &Slice<'_>, results: &mut Results, to: &To<'_>, worth: Worth) {
    let heads = slice.model.config.n_heads;
    let (columns, senders) = (to.columns(&(0..heads)), to.senders.clone());
    results.whole(to.group, senders.clone(), columns.clone(), worth.whole);
    if results.is_by_position() {
        let first = slice.window.first;
        results.at_positions(to.group, senders, columns, first, worth.of_rows);
    }
}

/// How many heads' keys, taken through their weights, fit a step with a copy.
fn heads_taken_through(slice: &Slice<'_>) -> usize {
    let d_model = slice.model.config.d_model;
    let of_head = 2 * slice.batch * slice.window.end() * d_model;
    slice.floats_of_step() / of_head
}

/// Effects on some heads at positions that add up to those of whole edges.
///
/// # Shapes
/// - `effects`: `[head, sender, rows]`
fn add_up(
    slice: &Slice<'_>,
    results: &mut Results,
    to: &To<'_>,
    heads: Range<usize>,
    effects: Tensor<3>,
) {
    let whole = effects.clone().sum_dim(2).squeeze_dim::<2>(2).transpose();
    results.whole(to.group, to.senders.clone(), to.columns(&heads), whole);
    if results.is_by_position() {
        at_rows(slice, results, to, heads, effects);
    }
}

/// Effects on some heads at the rows' positions.
///
/// # Shapes
/// - `effects`: `[head, sender, rows]`
fn at_rows(
    slice: &Slice<'_>,
    results: &mut Results,
    to: &To<'_>,
    heads: Range<usize>,
    effects: Tensor<3>,
) {
    let (columns, first) = (to.columns(&heads), slice.window.first);
    let effects = effects.permute([2, 1, 0]);
    results.at_positions(to.group, to.senders.clone(), columns, first, effects);
}

/// Effects of a change of queries or of keys by `n` senders, some heads and some queries at a time.
///
/// # Shapes
/// - `by_z`: `[head, batch, rows, d_head]`
async fn through_softmax(
    slice: &Slice<'_>,
    results: &mut Results,
    to: &To<'_>,
    n: usize,
    change: &Change,
    base: &Destination,
    by_z: &Tensor<4>,
) -> Result<()> {
    let [all_heads, batch, rows, _] = by_z.dims();
    let is_by_position = results.is_by_position();
    // Six copies of the scores of all senders.
    let [together, each] = slice.scores_in_a_step(all_heads, 6 * n * batch);
    let together = match change {
        Change::Component(_) => together,
        Change::Read(..) => together.min(heads_taken_through(slice)),
    };
    for start in (0..all_heads).step_by(together) {
        let heads = start..all_heads.min(start + together);
        let of_heads = |x: &Tensor<4>| x.clone().narrow(0, start, heads.len());
        let [q, k, v, by_z] = [&base.q, &base.k, &base.v, by_z].map(of_heads);
        let mut by_query = Vec::with_capacity(rows.div_ceil(each));
        let [mut whole, mut by_key] = [const { None::<Tensor<4>> }; 2];
        // The last queries first: they look at all keys.
        for start in (0..rows).step_by(each).rev() {
            let queries = start..rows.min(start + each);
            let asked = |x: &Tensor<4>| x.clone().narrow(2, start, queries.len());
            let seen = |x: &Tensor<4>| x.clone().narrow(2, 0, slice.window.first + queries.end);
            let [q, k, v] = [asked(&q), seen(&k), seen(&v)];
            let root = (q.dims()[3] as f64).sqrt();
            let qkv = [q.clone(), k.clone(), v];
            let attention = Attention::new(qkv, asked(&by_z), slice.mask(&queries));
            if to.component == Component::Q {
                let scores = change.dot(heads.clone(), queries.clone(), k) / root;
                let effects = attention.of_queries(scores).sum_dim(1);
                by_query.push(effects.squeeze_dim(1));
            } else {
                let scores = change.dot(heads.clone(), 0..queries.end, q) / root;
                let scores = scores.swap_dims(3, 4);
                add(&mut whole, attention.of_keys(scores.clone()).sum_dim(1));
                if is_by_position {
                    add(&mut by_key, attention.of_each_key(scores).sum_dim(1));
                }
            }
            slice.steps.pause.pause().await?;
        }
        if to.component == Component::Q {
            by_query.reverse();
            add_up(slice, results, to, heads.clone(), Tensor::cat(by_query, 2));
        }
        // [head, 1, sender, 1] and [head, 1, sender, rows].
        if let Some(whole) = whole {
            let whole = whole.reshape([heads.len(), n]).transpose();
            results.whole(to.group, to.senders.clone(), to.columns(&heads), whole);
        }
        if let Some(by_key) = by_key {
            at_rows(slice, results, to, heads, by_key.squeeze_dim(1));
        }
    }
    Ok(())
}

impl To<'_> {
    /// The columns of some heads, counted from the group's first.
    fn columns(&self, heads: &Range<usize>) -> Range<usize> {
        let of_component = self.group.columns.len() / Component::ALL.len();
        let first = self.component as usize * of_component;
        first + heads.start..first + heads.end
    }
}

/// Add to a sum whose last dimension is at least as long; the first that comes is the longest.
fn add(sum: &mut Option<Tensor<4>>, part: Tensor<4>) {
    *sum = Some(match sum.take() {
        None => part,
        Some(sum) => add_in_front(sum, part, 3),
    });
}

/// Some heads' attention at some queries in the base run.
struct Attention {
    /// Logarithm of the pattern, `[head, batch, query, key]`.
    log_pattern: Tensor<4>,
    /// What attending to a key is worth in the metric, less its mean under the pattern, likewise.
    worth: Tensor<4>,
}

impl Attention {
    /// # Shapes
    /// - q and `by_z`, the gradient with respect to z: `[head, batch, query, d_head]`; k and v: `[head, batch, key,
    ///   d_head]`; `mask`: `[query, key]`
    fn new([q, k, v]: [Tensor<4>; 3], by_z: Tensor<4>, mask: Tensor<2>) -> Self {
        let [.., d_head] = q.dims();
        let scores = matmul(q, k.transpose()) / (d_head as f64).sqrt() + mask.unsqueeze();
        let log_pattern = log_softmax(scores, 3);
        let worth = matmul(by_z, v.transpose());
        let mean = (log_pattern.clone().exp() * worth.clone()).sum_dim(3);
        Self {
            log_pattern,
            worth: worth - mean,
        }
    }

    /// Effects of changes of the queries.
    ///
    /// # Shapes
    /// - `change`: of the scores, `[head, batch, sender, query, key]`; returns `[head, batch, sender, query]`
    fn of_queries(&self, change: Tensor<5>) -> Tensor<4> {
        worth(&self.log_pattern, change, &self.worth)
    }

    /// Effects of changes of all keys at once; keys before the last ones are one key of their joint weight.
    ///
    /// # Shapes
    /// - `change`: of the scores, `[head, batch, sender, query, rows]`; returns `[head, batch, sender, 1]`
    fn of_keys(&self, change: Tensor<5>) -> Tensor<4> {
        let [heads, batch, n, queries, rows] = change.dims();
        let [.., keys] = self.worth.dims();
        let effects = match keys - rows {
            0 => worth(&self.log_pattern, change, &self.worth),
            before => {
                let past = self.log_pattern.clone().narrow(3, 0, before);
                let within = log_softmax(past.clone(), 3);
                let joint = past.narrow(3, 0, 1) - within.clone().narrow(3, 0, 1);
                let of_past = within.exp() * self.worth.clone().narrow(3, 0, before);
                let with = |past: Tensor<4>, all: &Tensor<4>| {
                    Tensor::cat(vec![past, all.clone().narrow(3, before, rows)], 3)
                };
                let log_pattern = with(joint, &self.log_pattern);
                let of_keys = with(of_past.sum_dim(3), &self.worth);
                let unchanged = Tensor::zeros([heads, batch, n, queries, 1], &change.device());
                worth(
                    &log_pattern,
                    Tensor::cat(vec![unchanged, change], 4),
                    &of_keys,
                )
            }
        };
        effects.sum_dim(3)
    }

    /// Effects of changes of each of the last keys alone. With weight `p` and the others' joint weight `o = 1 - p`, the
    /// change of its score turns `p / o` into `p / o e^change`; the others keep their proportions.
    ///
    /// # Shapes
    /// - `change`: of the scores, `[head, batch, sender, query, rows]`; returns `[head, batch, sender, rows]`
    fn of_each_key(&self, change: Tensor<5>) -> Tensor<4> {
        let [heads, batch, n, _, rows] = change.dims();
        let [.., keys] = self.worth.dims();
        let last = |x: &Tensor<4>| x.clone().narrow(3, keys - rows, rows);
        let (log_p, worth) = (last(&self.log_pattern), last(&self.worth));
        let p = log_p.clone().exp();
        // Single precision knows no less of what is left of 1.
        let others = (-p.clone() + 1.0).clamp_min(f32::EPSILON / 2.0);
        let odds = log_p - others.clone().log();
        // Worth has mean zero, so p worth + o (the others' mean worth) is 0.
        let of_others = -(p * worth.clone()) / others;
        let odds = (odds.unsqueeze_dim::<5>(2) + change).clamp(-80.0, 80.0);
        let p = (odds.neg().exp() + 1.0).recip();
        let more: Tensor<5> = (worth - of_others.clone()).unsqueeze_dim(2);
        let effects = p * more + of_others.unsqueeze_dim(2);
        effects.sum_dim(3).reshape([heads, batch, n, rows])
    }
}

/// What patterns with changed scores are worth.
///
/// # Shapes
/// - `log_pattern` and `worth`: `[head, batch, query, key]`; `change`: `[head, batch, sender, query, key]`
/// - returns `[head, batch, sender, query]`
fn worth(log_pattern: &Tensor<4>, change: Tensor<5>, worth: &Tensor<4>) -> Tensor<4> {
    let scores = log_pattern.clone().unsqueeze_dim::<5>(2) + change;
    let worth = worth.clone().unsqueeze_dim::<5>(2);
    (softmax(scores, 4) * worth).sum_dim(4).squeeze_dim(4)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::ops::{attention, causal_mask};

    const HEADS: usize = 2;
    const BATCH: usize = 2;
    const SENDERS: usize = 3;
    const PAST: usize = 3;
    const ROWS: usize = 4;
    const D_HEAD: usize = 5;
    const TOLERANCE: f32 = 1e-4;

    fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        let normal = Distribution::Normal(0.0, 1.5);
        Tensor::random(shape, normal, &Device::flex())
    }

    /// q of the rows, k and v of all positions, the gradient with respect to z.
    struct Plain([Tensor<4>; 3], Tensor<4>);

    impl Plain {
        fn new() -> Self {
            let rows = || random([HEADS, BATCH, ROWS, D_HEAD]);
            let all = || random([HEADS, BATCH, PAST + ROWS, D_HEAD]);
            Self([rows(), all(), all()], rows())
        }

        fn mask() -> Tensor<2> {
            causal_mask(ROWS, PAST + ROWS, &Device::flex())
        }

        /// What changes of the queries and of the keys change of the scores.
        fn changes(&self, delta: &Tensor<5>) -> [Tensor<5>; 2] {
            let Self([q, k, _], _) = self;
            let delta = Change::Component(delta.clone());
            let dot = |x: &Tensor<4>| delta.dot(0..HEADS, 0..ROWS, x.clone());
            let [of_queries, of_keys] = [dot(k), dot(q).swap_dims(3, 4)];
            [of_queries, of_keys].map(|x| x / (D_HEAD as f64).sqrt())
        }

        fn attention(&self) -> Attention {
            let Self(qkv, by_z) = self;
            Attention::new(qkv.clone(), by_z.clone(), Self::mask())
        }

        /// What z with other queries or keys is worth at each query, `[head, batch, row]`.
        fn worth(&self, change: impl Fn(&mut [Tensor<4>; 3])) -> Tensor<3> {
            let Self(qkv, by_z) = self;
            let z = |[q, k, v]: [Tensor<4>; 3]| attention(q, k, v, Self::mask().unsqueeze()).1;
            let mut changed = qkv.clone();
            change(&mut changed);
            let delta = z(changed) - z(qkv.clone());
            (delta * by_z.clone()).sum_dim(3).squeeze_dim(3)
        }
    }

    fn of_sender<const D: usize, const LESS: usize>(x: &Tensor<D>, sender: usize) -> Tensor<LESS> {
        x.clone().narrow(2, sender, 1).squeeze_dim(2)
    }

    fn assert_equal<const D: usize>(a: Tensor<D>, b: Tensor<D>) {
        assert_eq!(a.dims(), b.dims());
        let difference = (a - b).abs().max().into_scalar::<f32>();
        assert!(difference < TOLERANCE, "{difference}");
    }

    #[test]
    fn both_orders_of_the_products_give_the_same() {
        let d_model = HEADS * D_HEAD;
        let read = random([BATCH, SENDERS, ROWS, d_model]);
        let w = random([HEADS, D_HEAD, d_model]);
        let by_head = w.clone().transpose().unsqueeze_dim::<4>(1);
        let flat = read.clone().reshape([1, BATCH, SENDERS * ROWS, d_model]);
        let delta = flat.matmul(by_head);
        let delta = delta.reshape([HEADS, BATCH, SENDERS, ROWS, D_HEAD]);
        let [one, other] = [Change::Component(delta), Change::Read(read, w)];
        let vectors = random([HEADS - 1, BATCH, 3, D_HEAD]);
        let dot = |change: &Change| change.dot(1..HEADS, 1..ROWS, vectors.clone());
        assert_equal(dot(&one), dot(&other));
        let vectors = random([HEADS, BATCH, ROWS, D_HEAD]);
        let dot = |change: &Change| change.dot_by_row(vectors.clone());
        assert_equal(dot(&one), dot(&other));
    }

    #[test]
    fn changes_of_queries_and_keys_are_worth_what_attention_makes_of_them() {
        let plain = Plain::new();
        let attention = plain.attention();
        let delta = random([HEADS, BATCH, SENDERS, ROWS, D_HEAD]);
        let [of_queries, of_keys] = plain.changes(&delta);
        let of_queries = attention.of_queries(of_queries);
        let of_keys = attention.of_keys(of_keys);
        for sender in 0..SENDERS {
            let delta: Tensor<4> = of_sender(&delta, sender);
            let expected = plain.worth(|[q, ..]| *q = q.clone() + delta.clone());
            assert_equal(of_sender(&of_queries, sender), expected);
            let expected = plain.worth(|[_, k, _]| *k = add_to_last(k, delta.clone()));
            let of_keys: Tensor<3> = of_sender(&of_keys, sender);
            assert_equal(of_keys, expected.sum_dim(2));
        }
    }

    #[test]
    fn a_key_alone_is_worth_what_attention_makes_of_it() {
        let plain = Plain::new();
        let attention = plain.attention();
        let delta = random([HEADS, BATCH, SENDERS, ROWS, D_HEAD]);
        let [_, of_keys] = plain.changes(&delta);
        let each = attention.of_each_key(of_keys);
        for sender in 0..SENDERS {
            let each: Tensor<3> = of_sender(&each, sender);
            let delta: Tensor<4> = of_sender(&delta, sender);
            for row in 0..ROWS {
                let only = Tensor::zeros([HEADS, BATCH, ROWS, D_HEAD], &Device::flex());
                let here = [0..HEADS, 0..BATCH, row..row + 1, 0..D_HEAD];
                let alone = only.slice_assign(here, delta.clone().narrow(2, row, 1));
                let expected = plain.worth(|[_, k, _]| *k = add_to_last(k, alone.clone()));
                assert_equal(each.clone().narrow(2, row, 1), expected.sum_dim(2));
            }
        }
    }

    /// Keys that take nearly all of the weight, and changes far beyond what `exp` holds.
    #[test]
    fn a_saturated_softmax_gives_numbers() {
        let Plain([q, k, v], by_z) = Plain::new();
        let plain = Plain([q * 60.0, k, v], by_z);
        let attention = plain.attention();
        let delta = random([HEADS, BATCH, SENDERS, ROWS, D_HEAD]) * 60.0;
        let [of_queries, of_keys] = plain.changes(&delta);
        let most = attention.worth.clone().abs().max().into_scalar::<f32>();
        for effects in [
            attention.of_queries(of_queries),
            attention.of_keys(of_keys.clone()),
            attention.of_each_key(of_keys),
        ] {
            let largest = effects.abs().max().into_scalar::<f32>();
            assert!(largest.is_finite() && largest <= 2.0 * ROWS as f32 * most);
        }
    }

    fn add_to_last(k: &Tensor<4>, delta: Tensor<4>) -> Tensor<4> {
        let past = k.clone().narrow(2, 0, PAST);
        let rows = k.clone().narrow(2, PAST, ROWS) + delta;
        Tensor::cat(vec![past, rows], 2)
    }
}
