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

use std::ops::Range;

use burn::tensor::{
    Tensor,
    activation::{log_softmax, softmax},
};

use super::{
    effects::{Group, Results},
    linear::Into,
};
use crate::{
    error::Result,
    patching::{
        gradient::{OfHeads, add_in_front},
        graph::Component,
        slice::{Destination, Slice},
    },
};

/// A change of one component of a layer's heads.
struct Change<'g> {
    component: Component,
    /// `[head, batch, sender, rows, d_head]`.
    delta: Tensor<5>,
    group: &'g Group,
    /// Which of the group's senders.
    senders: Range<usize>,
}

impl Slice<'_> {
    /// Effects on a layer's heads.
    ///
    /// # Shapes
    /// - `group`: queries, keys and values of all heads; `asked`: which of the three are wanted
    ///
    /// # Errors
    /// Those of the pause.
    pub(super) async fn attended(
        &self,
        results: &mut Results,
        (layer, group, asked): (usize, &Group, [bool; 3]),
        into: &Into,
        base: &Destination,
        gradient: &OfHeads,
    ) -> Result<()> {
        let config = &self.model.config;
        let (heads, d_head, d_model) = (config.n_heads, config.d_head, config.d_model);
        let (batch, rows) = (self.batch, self.window.rows);
        let flat = batch * rows;
        let block = &self.model.blocks[layer];
        for (which, senders) in group.senders(self.steps.rows / flat) {
            let n = senders.len();
            let read = into.norm.forwards(self.written(senders, 0..flat), 0..flat);
            let read = read.reshape([n * flat, d_model]);
            self.steps.pause.pause().await?;
            for component in Component::ALL {
                if !asked[component as usize] {
                    continue;
                }
                let of_component = |x: &Tensor<2>| {
                    let first = component as usize * d_model;
                    x.clone().narrow(1, first, d_model)
                };
                let w = of_component(&block.w_qkv);
                let by_w = |x| block.product.matmul(x, &w);
                let delta = self.steps.by_rows(read.clone(), by_w).await?;
                let delta = delta.reshape([n, batch, rows, heads, d_head]);
                let delta = delta.permute([3, 1, 0, 2, 4]);
                if component == Component::V {
                    let by_v = of_component(&gradient.by_qkv);
                    let by_v = by_v.reshape([batch, 1, rows, heads, d_head]);
                    let effects = delta * by_v.permute([3, 0, 1, 2, 4]);
                    let effects = effects.sum_dim(4).sum_dim(1).reshape([heads, n, rows]);
                    let to = 2 * heads..3 * heads;
                    self.add_up(results, group, which.clone(), to, effects);
                    self.steps.pause.pause().await?;
                } else {
                    let change = Change {
                        component,
                        delta,
                        group,
                        senders: which.clone(),
                    };
                    self.through_softmax(results, change, base, &gradient.by_z)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// Effects at positions that add up to those of whole edges.
    ///
    /// # Shapes
    /// - `effects`: `[receiver, sender, rows]`
    fn add_up(
        &self,
        results: &mut Results,
        group: &Group,
        senders: Range<usize>,
        to: Range<usize>,
        effects: Tensor<3>,
    ) {
        let whole = effects.clone().sum_dim(2).squeeze_dim::<2>(2).transpose();
        results.whole(group, senders.clone(), to.clone(), whole);
        if results.is_by_position() {
            let at = effects.permute([2, 1, 0]);
            results.at_positions(group, senders, to, self.window.first, at);
        }
    }

    /// Effects of a change of queries or of keys, some heads and some queries at a time.
    ///
    /// # Shapes
    /// - `by_z`: `[head, batch, rows, d_head]`
    async fn through_softmax(
        &self,
        results: &mut Results,
        change: Change<'_>,
        base: &Destination,
        by_z: &Tensor<4>,
    ) -> Result<()> {
        let [heads, batch, n, rows, _] = change.delta.dims();
        let Change {
            component,
            delta,
            group,
            senders,
        } = change;
        let is_by_position = results.is_by_position();
        // Six copies of the scores of all senders.
        let [together, each] = self.scores_in_a_step(heads, 6 * n * batch);
        for start in (0..heads).step_by(together) {
            let n_heads = together.min(heads - start);
            let of_heads = |x: &Tensor<4>| x.clone().narrow(0, start, n_heads);
            let [q, k, v, by_z] = [&base.q, &base.k, &base.v, by_z].map(of_heads);
            let delta = delta.clone().narrow(0, start, n_heads);
            let first = component as usize * heads + start;
            let to = first..first + n_heads;
            let mut by_query = Vec::with_capacity(rows.div_ceil(each));
            let [mut whole, mut by_key] = [const { None::<Tensor<4>> }; 2];
            // The last queries first: they look at all keys.
            for start in (0..rows).step_by(each).rev() {
                let queries = start..rows.min(start + each);
                let asked = |x: &Tensor<4>| x.clone().narrow(2, start, queries.len());
                let seen = |x: &Tensor<4>| x.clone().narrow(2, 0, self.window.first + queries.end);
                let attention = Attention::new(
                    [asked(&q), seen(&k), seen(&v)],
                    asked(&by_z),
                    self.mask(&queries),
                );
                if component == Component::Q {
                    let delta = delta.clone().narrow(3, start, queries.len());
                    let effects = attention.of_queries(delta).sum_dim(1);
                    by_query.push(effects.reshape([n_heads, n, queries.len()]));
                } else {
                    let delta = delta.clone().narrow(3, 0, queries.end);
                    let change = attention.change_of_keys(delta);
                    add(&mut whole, attention.of_keys(change.clone()).sum_dim(1));
                    if is_by_position {
                        add(&mut by_key, attention.of_each_key(change).sum_dim(1));
                    }
                }
                self.steps.pause.pause().await?;
            }
            if component == Component::Q {
                by_query.reverse();
                let effects = Tensor::cat(by_query, 2);
                self.add_up(results, group, senders.clone(), to, effects);
                continue;
            }
            // [head, 1, sender, 1] and [head, 1, sender, rows].
            if let Some(whole) = whole {
                let whole = whole.reshape([n_heads, n]).transpose();
                results.whole(group, senders.clone(), to.clone(), whole);
            }
            if let Some(by_key) = by_key {
                let at = by_key.reshape([n_heads, n, rows]).permute([2, 1, 0]);
                results.at_positions(group, senders.clone(), to, self.window.first, at);
            }
        }
        Ok(())
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
    /// `[head, batch, query, d_head]`.
    q: Tensor<4>,
    /// `[head, batch, key, d_head]`.
    k: Tensor<4>,
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
        let scores = q.clone().matmul(k.clone().transpose()) / root(&q) + mask.unsqueeze();
        let log_pattern = log_softmax(scores, 3);
        let worth = by_z.matmul(v.transpose());
        let mean = (log_pattern.clone().exp() * worth.clone()).sum_dim(3);
        Self {
            q,
            k,
            log_pattern,
            worth: worth - mean,
        }
    }

    /// Effects of changes of the queries.
    ///
    /// # Shapes
    /// - `delta`: `[head, batch, sender, query, d_head]`; returns `[head, batch, sender, query]`
    fn of_queries(&self, delta: Tensor<5>) -> Tensor<4> {
        let [heads, batch, n, queries, d_head] = delta.dims();
        let [.., keys, _] = self.k.dims();
        let delta = delta.reshape([heads, batch, n * queries, d_head]);
        let scores = delta.matmul(self.k.clone().transpose()) / root(&self.q);
        let scores = scores.reshape([heads, batch, n, queries, keys]);
        worth(&self.log_pattern, scores, &self.worth)
    }

    /// What changes of the last keys change of the scores.
    ///
    /// # Shapes
    /// - `delta`: `[head, batch, sender, rows, d_head]`; returns `[head, batch, sender, query, rows]`
    fn change_of_keys(&self, delta: Tensor<5>) -> Tensor<5> {
        let [heads, batch, n, rows, d_head] = delta.dims();
        let [.., queries, _] = self.q.dims();
        let delta = delta.reshape([heads, batch, n * rows, d_head]);
        let scores = delta.matmul(self.q.clone().transpose()) / root(&self.q);
        scores
            .reshape([heads, batch, n, rows, queries])
            .swap_dims(3, 4)
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

/// `sqrt(d_head)`.
fn root(q: &Tensor<4>) -> f64 {
    let [.., d_head] = q.dims();
    (d_head as f64).sqrt()
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
    const TOLERANCE: f32 = 1e-5;

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
    fn changes_of_queries_and_keys_are_worth_what_attention_makes_of_them() {
        let plain = Plain::new();
        let attention = plain.attention();
        let delta = random([HEADS, BATCH, SENDERS, ROWS, D_HEAD]);
        let of_queries = attention.of_queries(delta.clone());
        let of_keys = attention.of_keys(attention.change_of_keys(delta.clone()));
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
        let each = attention.of_each_key(attention.change_of_keys(delta.clone()));
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
        let change = attention.change_of_keys(delta.clone());
        let most = attention.worth.clone().abs().max().into_scalar::<f32>();
        for effects in [
            attention.of_queries(delta),
            attention.of_keys(change.clone()),
            attention.of_each_key(change),
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
