//! Attention to keys and values that many queries share, as two matrix products.
//!
//! ```text
//! s[i, j] = q[i] . k[j] / sqrt(d_head),   m[i] = max_j s[i, j]
//! t[i]    = sum_j exp(s[i, j] - m[i]),    z[i] = sum_j exp(s[i, j] - m[i]) v[j]
//! ```
//!
//! Each query then attends to keys of its own, and the softmax is over both. For that, the sums made here are scaled to the
//! largest score of all keys (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018).
//!
//! A loop over queries and keys reads a key for each score and adds up the lanes of a register for it. A product reads a
//! key once for several queries, and its lanes are numbers of the result.

use crate::{
    after::After,
    math::{exp, largest},
    matmul::{Kernel, add_matmul, matmul},
    matrix::Matrix,
    rows::{exponentials, new_rows, softmax},
};

/// Fewest keys, and fewest queries of a group in the mean, for which products are used. A product rearranges keys and values
/// and writes scores down: with 16 keys and few queries, or 8 queries and 64 keys, it is about as fast as a loop, natively
/// and in a browser.
const FROM: [usize; 2] = [16, 8];

/// Most scores of a block of queries: 256 kB, which stay in a second-level cache between the two products.
const SCORES: usize = 1 << 16;

/// Most queries of a block: with larger blocks some threads would have none, and products would be no faster.
const QUERIES: usize = 128;

/// Keys and values, each `[past, d_head]`, and the number of queries that share them.
pub struct Shared<'a> {
    pub k: &'a [f32],
    pub v: &'a [f32],
    pub queries: usize,
}

/// The part of attention that comes from the past, for every query.
pub struct Found {
    /// For each block its z, `[query, d_head]`, then the largest score and the sum of each query. Blocks are equally large,
    /// whether their queries fill them or not.
    numbers: Vec<f32>,
    /// By group, in which blocks its queries are.
    places: Vec<Place>,
    /// How many queries fit a block.
    room: usize,
    d_head: usize,
}

/// The first block of a group's queries, and how many queries are in each of its blocks; the last may have fewer.
struct Place {
    block: usize,
    each: usize,
}

/// The same for one query.
pub struct Partial<'a> {
    /// The sum of values, weighted with exponentials of the differences from the largest score.
    z: &'a [f32],
    largest: f32,
    /// The sum of these weights.
    total: f32,
}

/// Groups of as many queries each, from keys and values that stand together, `[group, past, d_head]`.
pub fn evenly<'a>([k, v]: [&'a [f32]; 2], groups: usize, queries: usize) -> Vec<Shared<'a>> {
    let each = k.len() / groups;
    let of_group = |group| {
        let [k, v] = [k, v].map(|x| &x[group * each..][..each]);
        Shared { k, v, queries }
    };
    (0..groups).map(of_group).collect()
}

/// Let each query of some groups attend to what its group shares. `query` writes a query of a group, by its index in the
/// group, into `[d_head]`. `None` where a loop is to do it: there is no kernel, or the past or the queries are so few that
/// products are slower.
///
/// What is returned takes `d_head + 2` numbers for each query; a small group takes a whole block all the same, of at most 128
/// queries. Each thread needs besides the queries of a block, its scores, 256 kB (or those of one query, where they are
/// more), and the kernel's rearranged operands. A block is one thread's work and depends on the shapes alone, so the result
/// does not depend on the number of threads.
///
/// # Panics
/// If the groups have different numbers of keys, or a group has not as many values as keys.
pub fn attend_to_past(
    kernel: Option<Kernel>,
    d_head: usize,
    groups: &[Shared<'_>],
    query: impl Fn(usize, usize, &mut [f32]) + Sync,
) -> Option<Found> {
    let past = groups.first()?.k.len() / d_head;
    for Shared { k, v, .. } in groups {
        assert_eq!(
            [k.len(), v.len()],
            [past * d_head; 2],
            "a past for all groups"
        );
    }
    let queries: usize = groups.iter().map(|group| group.queries).sum();
    let [keys_from, queries_from] = FROM;
    if past < keys_from || queries < queries_from * groups.len() {
        return None;
    }
    let (kernel, scale) = (kernel?.alone(), 1.0 / (d_head as f32).sqrt());
    let most = (SCORES / past).clamp(1, QUERIES);
    let (mut places, mut blocks) = (Vec::with_capacity(groups.len()), Vec::new());
    for (i, group) in groups.iter().enumerate() {
        let each = group.queries.div_ceil(group.queries.div_ceil(most).max(1));
        let block = blocks.len();
        places.push(Place { block, each });
        let firsts = (0..group.queries).step_by(each.max(1));
        blocks.extend(firsts.map(|first| (i, first, each.min(group.queries - first))));
    }
    let room = places.iter().map(|place| place.each).max()?;
    let numbers = new_rows(
        blocks.len(),
        room * (d_head + 2),
        #[inline(always)]
        |block, out| {
            let (group, first, n) = blocks[block];
            let mut queries = vec![0.0; n * d_head];
            for (i, q) in queries.chunks_exact_mut(d_head).enumerate() {
                query(group, first + i, q);
                q.iter_mut().for_each(|q| *q *= scale);
            }
            let Shared { k, v, .. } = groups[group];
            let mut scores = matmul(
                kernel,
                Matrix::whole(&queries, d_head),
                Matrix::whole(k, d_head).transposed(),
                After::Nothing,
            );
            let (z, of_weights) = out.split_at_mut(room * d_head);
            let (most, totals) = of_weights.split_at_mut(room);
            let of_queries = most.iter_mut().zip(totals);
            for (scores, (most, total)) in scores.chunks_exact_mut(past).zip(of_queries) {
                *most = largest(scores);
                *total = exponentials(scores, *most);
            }
            let z = &mut z[..n * d_head];
            add_matmul(
                kernel,
                After::Nothing,
                Matrix::whole(&scores, past),
                Matrix::whole(v, d_head),
                z,
            );
        },
    );
    Some(Found {
        numbers,
        places,
        room,
        d_head,
    })
}

impl Found {
    /// The part of one query, by its group and its index in the group.
    #[inline(always)]
    pub fn of(&self, group: usize, query: usize) -> Partial<'_> {
        let Place { block, each } = self.places[group];
        let (block, i) = (block + query / each, query % each);
        let width = self.room * (self.d_head + 2);
        let (z, of_weights) =
            self.numbers[block * width..][..width].split_at(self.room * self.d_head);
        Partial {
            z: &z[i * self.d_head..][..self.d_head],
            largest: of_weights[i],
            total: of_weights[self.room + i],
        }
    }
}

/// A query's weights of keys from their scores, in place, and into `z` what the past adds to it, `[d_head]`: nothing
/// where the past is among these keys.
#[inline(always)]
pub fn weigh(found: Option<Partial<'_>>, scores: &mut [f32], z: &mut [f32]) {
    let Some(found) = found else {
        softmax(scores);
        return z.fill(0.0);
    };
    let own = largest(scores);
    let most = if own > found.largest {
        own
    } else {
        found.largest
    };
    let total = exponentials(scores, most);
    let of_past = exp(found.largest - most);
    let inverse = 1.0 / (total + of_past * found.total);
    scores.iter_mut().for_each(|s| *s *= inverse);
    let of_past = of_past * inverse;
    z.iter_mut()
        .zip(found.z)
        .for_each(|(z, x)| *z = of_past * x);
}
