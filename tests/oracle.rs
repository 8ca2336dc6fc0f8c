//! Edge patching written as plainly as possible: f64 loops, one full forward pass per edge, no Burn.
//!
//! It reads the processed weights back from the model, so it checks how edges are computed, not how weights are loaded.
//! `edges` has the directions, the replacements and the metric.

// By its path: the tests of the command line have this file too.
#[path = "oracle/edges.rs"]
pub mod edges;

use std::f64::consts::PI;

use burn::tensor::Tensor;
use pathpatch::{
    gpt2::{Block, Embedding, Gpt2},
    ops::{Activation, Shown},
    patching::{
        Component, Head, LayerNorm,
        graph::{Graph, Receiver},
    },
};

/// A matrix, row by row.
#[derive(Clone)]
struct Matrix {
    cols: usize,
    values: Vec<f64>,
}

impl Matrix {
    fn read(tensor: &Tensor<2>) -> Self {
        let [_, cols] = tensor.dims();
        Self {
            cols,
            values: read(tensor),
        }
    }

    /// Each row minus its mean.
    fn with_centred_rows(mut self) -> Self {
        for row in self.values.chunks_exact_mut(self.cols) {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            row.iter_mut().for_each(|x| *x -= mean);
        }
        self
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.cols..(i + 1) * self.cols]
    }

    /// `x @ self`, with the rows of `self` from `first` on and its columns `col` to `col + n`.
    fn apply(&self, x: &[f64], first: usize, col: usize, n: usize) -> Vec<f64> {
        let mut y = vec![0.0; n];
        for (i, x) in x.iter().enumerate() {
            let w = &self.row(first + i)[col..col + n];
            y.iter_mut().zip(w).for_each(|(y, w)| *y += x * w);
        }
        y
    }
}

/// All rows of a token table.
fn table(table: &Embedding) -> Tensor<2> {
    let all: Vec<u32> = (0..table.tokens() as u32).collect();
    table.rows(&all, Shown::Plain)
}

fn read<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    let values = tensor.to_data().try_into_vec::<f32>().unwrap();
    values.into_iter().map(f64::from).collect()
}

fn add(x: &mut [f64], y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

struct PlainBlock {
    w_qkv: Matrix,
    b_qkv: Vec<f64>,
    /// The value biases, `[d_model]`, that processing has folded into `b_o`.
    b_v: Vec<f64>,
    w_o: Matrix,
    b_o: Vec<f64>,
    w_in: Matrix,
    b_in: Vec<f64>,
    w_out: Matrix,
    b_out: Vec<f64>,
}

impl PlainBlock {
    /// Queries, keys and values of a normalised input, side by side.
    fn qkv(&self, x: &[f64]) -> Vec<f64> {
        let mut y = self.w_qkv.apply(x, 0, 0, self.b_qkv.len());
        add(&mut y, &self.b_qkv);
        y
    }
}

/// A GPT-2 on plain vectors.
pub struct Oracle {
    pub graph: Graph,
    d_model: usize,
    d_head: usize,
    d_mlp: usize,
    d_vocab: usize,
    eps: f64,
    activation: Activation,
    w_e: Matrix,
    w_pos: Matrix,
    blocks: Vec<PlainBlock>,
    ln_w: Vec<f64>,
    ln_b: Vec<f64>,
    w_u: Matrix,
}

/// A vector at every position.
pub type Rows = Vec<Vec<f64>>;

/// The results of one run.
pub struct Run {
    /// The output of each sender, `[sender][pos][d_model]`, in the order of [`Graph::row`]: a head without `b_O` but with
    /// its value bias, an MLP with `b_out`, the input without positions.
    pub writes: Vec<Rows>,
    /// `[pos][d_vocab]`.
    pub logits: Rows,
}

/// A change to one receiver's input.
pub struct Patch {
    pub to: Receiver,
    /// Added to its input before its LayerNorm, `[pos][d_model]`.
    pub delta: Rows,
    pub layer_norm: LayerNorm,
}

impl Patch {
    /// The head and component, if the receiver is a head of this layer.
    fn head_in(&self, layer: usize) -> Option<(Head, Component)> {
        match self.to {
            Receiver::Head(head, component) => (head.layer == layer).then_some((head, component)),
            Receiver::Mlp(_) | Receiver::Logits => None,
        }
    }
}

impl Oracle {
    pub fn new(model: &Gpt2) -> Self {
        let block = |b: &Block| PlainBlock {
            w_qkv: Matrix::read(&b.w_qkv),
            b_qkv: read(&b.b_qkv),
            b_v: read(&b.b_v),
            w_o: Matrix::read(&b.w_o),
            b_o: read(&b.b_o),
            w_in: Matrix::read(&b.w_in),
            b_in: read(&b.b_in),
            w_out: Matrix::read(&b.w_out),
            b_out: read(&b.b_out),
        };
        let c = &model.config;
        Self {
            graph: Graph::of(c),
            d_model: c.d_model,
            d_head: c.d_head,
            d_mlp: c.d_mlp,
            d_vocab: c.d_vocab,
            eps: c.eps,
            activation: c.activation,
            w_e: Matrix::read(&table(&model.embed)).with_centred_rows(),
            w_pos: Matrix::read(&model.w_pos),
            blocks: model.layers.blocks().map(block).collect(),
            ln_w: read(&model.unembed.ln_w),
            ln_b: read(&model.unembed.ln_b),
            w_u: Matrix::read(&table(&model.unembed.table).transpose()).with_centred_rows(),
        }
    }

    /// The token embeddings of a prompt.
    pub fn embed(&self, ids: &[u32]) -> Rows {
        ids.iter()
            .map(|id| self.w_e.row(*id as usize).to_vec())
            .collect()
    }

    pub fn run(&self, ids: &[u32]) -> Run {
        self.run_patched(self.embed(ids), None)
    }

    /// One pass from token embeddings, in which one receiver may read a changed input.
    pub fn run_patched(&self, embeddings: Rows, patch: Option<&Patch>) -> Run {
        let mut resid = embeddings.clone();
        for (pos, x) in resid.iter_mut().enumerate() {
            add(x, self.w_pos.row(pos));
        }
        let mut writes = vec![embeddings];
        for (layer, block) in self.blocks.iter().enumerate() {
            let qkv = |x: Rows| -> Rows { x.iter().map(|x| block.qkv(x)).collect() };
            let mut by_head = qkv(self.normalised(&resid, None));
            let changed_head = patch.and_then(|patch| patch.head_in(layer));
            if let Some((head, component)) = changed_head {
                let at = component as usize * self.d_model + head.head * self.d_head;
                let changed = qkv(self.normalised(&resid, patch));
                for (row, changed) in by_head.iter_mut().zip(changed) {
                    row[at..at + self.d_head].copy_from_slice(&changed[at..at + self.d_head]);
                }
            }
            let z = self.attend(&by_head);
            for head in 0..self.graph.n_heads {
                let first = head * self.d_head;
                let write = |z: &Vec<f64>| {
                    let mut z = z[first..first + self.d_head].to_vec();
                    add(&mut z, &block.b_v[first..first + self.d_head]);
                    block.w_o.apply(&z, first, 0, self.d_model)
                };
                writes.push(z.iter().map(write).collect());
            }
            for (x, z) in resid.iter_mut().zip(&z) {
                add(x, &block.w_o.apply(z, 0, 0, self.d_model));
                add(x, &block.b_o);
            }
            let patch = patch.filter(|patch| patch.to == Receiver::Mlp(layer));
            let hidden = self.normalised(&resid, patch);
            let write: Rows = hidden.iter().map(|x| self.mlp(block, x)).collect();
            for (x, write) in resid.iter_mut().zip(&write) {
                add(x, write);
            }
            writes.push(write);
        }
        let patch = patch.filter(|patch| patch.to == Receiver::Logits);
        let normed = self.normalised(&resid, patch);
        let logits = normed.iter().map(|x| self.unembed(x)).collect();
        Run { writes, logits }
    }

    /// A receiver's input after its LayerNorm. A frozen LayerNorm divides by the scale of the input without the patch;
    /// nothing before the receiver has changed, so that is the base run's scale.
    fn normalised(&self, resid: &Rows, patch: Option<&Patch>) -> Rows {
        let Some(patch) = patch else {
            return resid.iter().map(|x| self.norm(x).0).collect();
        };
        let changed = resid.iter().zip(&patch.delta).map(|(x, delta)| {
            let mut changed = x.clone();
            add(&mut changed, delta);
            let (normed, scale) = self.norm(&changed);
            match patch.layer_norm {
                LayerNorm::Exact => normed,
                LayerNorm::Frozen => {
                    let base_scale = self.norm(x).1;
                    normed.iter().map(|y| y * scale / base_scale).collect()
                }
            }
        });
        changed.collect()
    }

    fn norm(&self, x: &[f64]) -> (Vec<f64>, f64) {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let centred: Vec<f64> = x.iter().map(|x| x - mean).collect();
        let scale = (centred.iter().map(|x| x * x).sum::<f64>() / n + self.eps).sqrt();
        (centred.iter().map(|x| x / scale).collect(), scale)
    }

    /// An MLP's output for a normalised input.
    fn mlp(&self, block: &PlainBlock, x: &[f64]) -> Vec<f64> {
        let mut hidden = block.w_in.apply(x, 0, 0, self.d_mlp);
        add(&mut hidden, &block.b_in);
        hidden
            .iter_mut()
            .for_each(|h| *h = activate(self.activation, *h));
        let mut write = block.w_out.apply(&hidden, 0, 0, self.d_model);
        add(&mut write, &block.b_out);
        write
    }

    /// The logits of a normalised final residual stream.
    fn unembed(&self, x: &[f64]) -> Vec<f64> {
        let mut y: Vec<f64> = x.iter().zip(&self.ln_w).map(|(x, w)| x * w).collect();
        add(&mut y, &self.ln_b);
        self.w_u.apply(&y, 0, 0, self.d_vocab)
    }

    /// z of all heads side by side, for every position.
    fn attend(&self, qkv: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (d, dh) = (self.d_model, self.d_head);
        let part = |pos: usize, which: usize, head: usize| &qkv[pos][which * d + head * dh..][..dh];
        (0..qkv.len())
            .map(|pos| {
                let heads = (0..self.graph.n_heads).flat_map(|head| {
                    let weight = |key: usize| {
                        let pairs = part(pos, 0, head).iter().zip(part(key, 1, head));
                        (pairs.map(|(q, k)| q * k).sum::<f64>() / (dh as f64).sqrt()).exp()
                    };
                    let weights: Vec<f64> = (0..=pos).map(weight).collect();
                    let total: f64 = weights.iter().sum();
                    let mut z = vec![0.0; dh];
                    for (key, weight) in weights.iter().enumerate() {
                        let v = part(key, 2, head);
                        z.iter_mut()
                            .zip(v)
                            .for_each(|(z, v)| *z += weight / total * v);
                    }
                    z
                });
                heads.collect()
            })
            .collect()
    }
}

/// An activation function by its definition.
pub fn activate(activation: Activation, x: f64) -> f64 {
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    match activation {
        Activation::GeluTanh => {
            let inner = (2.0 / PI).sqrt() * (x + 0.044715 * x * x * x);
            0.5 * x * (1.0 + inner.tanh())
        }
        Activation::Gelu => 0.5 * x * (1.0 + erf(x / 2.0_f64.sqrt())),
        Activation::QuickGelu => x * logistic(1.702 * x),
        Activation::Silu => x * logistic(x),
        Activation::Relu => x.max(0.0),
        Activation::Tanh => x.tanh(),
    }
}

/// Error function by its power series, exact to 1e-10 up to 4, and 1 from there, exact to 2e-8.
fn erf(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        let n = f64::from(n);
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * 2.0 / PI.sqrt()
}
