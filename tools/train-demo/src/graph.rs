//! Every edge of a small model, exactly, written as plainly as possible: f64 loops, one forward pass per edge.
//!
//! ```text
//! delta = (sender's output in the clean run) - (sender's output in the corrupted run)
//! receiver reads LN(input in the corrupted run + delta) W
//! ```
//!
//! Only the edge's receiver reads the change, and everything after it is computed again (denoising, exact LayerNorm).
//! Senders are the token embedding `input`, heads and MLPs; receivers are queries, keys and values of heads, MLPs and
//! `logits`. The only activation is the tanh form of GELU, which the bundled models use. A full pass per edge is slow, so
//! this is for models of a few layers.

use std::f64::consts::PI;

use burn::tensor::Tensor;
use pathpatch::{
    gpt2::{Block, Gpt2},
    ops::{Activation, Shown},
};

/// An edge's name in EAP-IG's format, such as `a0.h3->m1`, and the metric with the edge patched.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    pub name: String,
    pub value: f64,
}

/// A metric of the logits at the last position.
pub type Metric<'a> = &'a dyn Fn(&[f64]) -> f64;

/// Rows of numbers, `[pos][width]`.
type Rows = Vec<Vec<f64>>;

/// A part that writes to the residual stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Input,
    Head(usize, usize),
    Mlp(usize),
}

/// A part that reads the residual stream; a head's input has a layer, a head and a component, 0 to 2 for q, k, v.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receiver {
    Head(usize, usize, usize),
    Mlp(usize),
    Logits,
}

impl Sender {
    /// The number of sublayers that have written once it has.
    fn stage(self) -> usize {
        match self {
            Self::Input => 0,
            Self::Head(layer, _) => 2 * layer + 1,
            Self::Mlp(layer) => 2 * layer + 2,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Input => "input".into(),
            Self::Head(layer, head) => format!("a{layer}.h{head}"),
            Self::Mlp(layer) => format!("m{layer}"),
        }
    }
}

impl Receiver {
    /// The number of sublayers that have written before it reads.
    fn stage(self, n_layers: usize) -> usize {
        match self {
            Self::Head(layer, ..) => 2 * layer,
            Self::Mlp(layer) => 2 * layer + 1,
            Self::Logits => 2 * n_layers,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Head(layer, head, component) => {
                format!("a{layer}.h{head}<{}>", ["q", "k", "v"][component])
            }
            Self::Mlp(layer) => format!("m{layer}"),
            Self::Logits => "logits".into(),
        }
    }
}

/// A receiver and the change added to its input.
struct Patch {
    receiver: Receiver,
    delta: Rows,
}

/// The results of one forward pass: each sender's output, and the logits at the last position.
struct Run {
    writes: Vec<(Sender, Rows)>,
    logits: Vec<f64>,
}

/// A GPT-2 on plain vectors.
pub struct Plain {
    n_heads: usize,
    d_head: usize,
    eps: f64,
    /// `[d_vocab][d_model]`.
    w_e: Rows,
    /// `[n_ctx][d_model]`.
    w_pos: Rows,
    blocks: Vec<PlainBlock>,
    ln_w: Vec<f64>,
    ln_b: Vec<f64>,
    /// `[d_model][d_vocab]`.
    w_u: Rows,
}

/// Weights by their names in [`Block`], each `[in][out]`.
struct PlainBlock {
    w_qkv: Rows,
    b_qkv: Vec<f64>,
    w_o: Rows,
    b_o: Vec<f64>,
    w_in: Rows,
    b_in: Vec<f64>,
    w_out: Rows,
    b_out: Vec<f64>,
}

impl PlainBlock {
    fn new(block: &Block) -> Self {
        Self {
            w_qkv: rows(&block.w_qkv),
            b_qkv: numbers(&block.b_qkv),
            w_o: rows(&block.w_o),
            b_o: numbers(&block.b_o),
            w_in: rows(&block.w_in),
            b_in: numbers(&block.b_in),
            w_out: rows(&block.w_out),
            b_out: numbers(&block.b_out),
        }
    }
}

impl Plain {
    /// Read a loaded model's weights.
    ///
    /// # Panics
    /// If its activation is not the tanh form of GELU.
    pub fn new(model: &Gpt2) -> Self {
        let config = &model.config;
        assert_eq!(config.activation, Activation::GeluTanh);
        let all: Vec<u32> = (0..config.d_vocab as u32).collect();
        Self {
            n_heads: config.n_heads,
            d_head: config.d_head,
            eps: config.eps,
            w_e: rows(&model.embed.rows(&all, Shown::Plain)),
            w_pos: rows(&model.w_pos),
            blocks: model.layers.blocks().map(PlainBlock::new).collect(),
            ln_w: numbers(&model.unembed.ln_w),
            ln_b: numbers(&model.unembed.ln_b),
            w_u: rows(&model.unembed.table.rows(&all, Shown::Plain).transpose()),
        }
    }

    /// Logits after the last of some tokens, `[d_vocab]`.
    pub fn logits(&self, ids: &[u32]) -> Vec<f64> {
        self.run(ids, None).logits
    }

    /// Every edge's value for a pair of prompts with the same number of tokens.
    pub fn edges(&self, clean: &[u32], corrupted: &[u32], metric: Metric) -> Vec<Edge> {
        let (clean, base) = (self.run(clean, None), self.run(corrupted, None));
        let mut edges = Vec::new();
        for ((sender, clean), (_, base)) in clean.writes.iter().zip(&base.writes) {
            let delta: Rows = clean.iter().zip(base).map(|(a, b)| less(a, b)).collect();
            for receiver in self.receivers() {
                if receiver.stage(self.blocks.len()) < sender.stage() {
                    continue;
                }
                let delta = delta.clone();
                let patched = self.run(corrupted, Some(&Patch { receiver, delta }));
                edges.push(Edge {
                    name: format!("{}->{}", sender.name(), receiver.name()),
                    value: metric(&patched.logits),
                });
            }
        }
        edges
    }

    fn receivers(&self) -> Vec<Receiver> {
        let mut all = Vec::new();
        for layer in 0..self.blocks.len() {
            for head in 0..self.n_heads {
                all.extend((0..3).map(|component| Receiver::Head(layer, head, component)));
            }
            all.push(Receiver::Mlp(layer));
        }
        all.push(Receiver::Logits);
        all
    }

    fn run(&self, ids: &[u32], patch: Option<&Patch>) -> Run {
        let embedded: Rows = ids
            .iter()
            .map(|id| self.w_e[*id as usize].clone())
            .collect();
        let positions = embedded.iter().zip(&self.w_pos);
        let mut resid: Rows = positions.map(|(e, p)| plus(e, p)).collect();
        let mut writes = vec![(Sender::Input, embedded)];
        for (layer, block) in self.blocks.iter().enumerate() {
            let mut resid_mid: Rows = resid.iter().map(|x| plus(x, &block.b_o)).collect();
            for head in 0..self.n_heads {
                let [q, k, v] = [0, 1, 2].map(|component| {
                    let input = self.reads(&resid, Receiver::Head(layer, head, component), patch);
                    let first = (component * self.n_heads + head) * self.d_head;
                    affine(&input, &block.w_qkv, &block.b_qkv, first, self.d_head)
                });
                let first = head * self.d_head;
                let w_o = &block.w_o[first..first + self.d_head];
                let zeros = vec![0.0; resid[0].len()];
                let write = affine(&attend(&q, &k, &v), w_o, &zeros, 0, zeros.len());
                add(&mut resid_mid, &write);
                writes.push((Sender::Head(layer, head), write));
            }
            let input = self.reads(&resid_mid, Receiver::Mlp(layer), patch);
            let mut hidden = affine(&input, &block.w_in, &block.b_in, 0, block.b_in.len());
            hidden.iter_mut().flatten().for_each(|x| *x = gelu_tanh(*x));
            let write = affine(&hidden, &block.w_out, &block.b_out, 0, block.b_out.len());
            resid = resid_mid;
            add(&mut resid, &write);
            writes.push((Sender::Mlp(layer), write));
        }
        let last = self.reads(&resid, Receiver::Logits, patch).pop();
        let scaled = last.iter().flatten().zip(&self.ln_w).zip(&self.ln_b);
        let last: Vec<f64> = scaled.map(|((x, w), b)| x * w + b).collect();
        let d_vocab = self.w_u[0].len();
        let logits = affine(&[last], &self.w_u, &vec![0.0; d_vocab], 0, d_vocab).remove(0);
        Run { writes, logits }
    }

    /// A receiver's normalised input.
    fn reads(&self, resid: &[Vec<f64>], receiver: Receiver, patch: Option<&Patch>) -> Rows {
        let mut input = resid.to_vec();
        if let Some(patch) = patch.filter(|patch| patch.receiver == receiver) {
            add(&mut input, &patch.delta);
        }
        input.iter().map(|x| normalised(x, self.eps)).collect()
    }
}

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    let values = tensor.to_data().try_into_vec::<f32>();
    let values = values.expect("f32 on the CPU");
    values.into_iter().map(f64::from).collect()
}

fn rows(tensor: &Tensor<2>) -> Rows {
    let [_, width] = tensor.dims();
    numbers(tensor).chunks(width).map(<[f64]>::to_vec).collect()
}

fn plus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn less(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn add(to: &mut [Vec<f64>], rows: &[Vec<f64>]) {
    for (to, row) in to.iter_mut().flatten().zip(rows.iter().flatten()) {
        *to += row;
    }
}

/// `x W + b` in `n` columns of `w` and `b` from `first` on.
fn affine(x: &[Vec<f64>], w: &[Vec<f64>], b: &[f64], first: usize, n: usize) -> Rows {
    let of_row = |x: &Vec<f64>| {
        let mut y = b[first..first + n].to_vec();
        for (x, w) in x.iter().zip(w) {
            let columns = &w[first..first + n];
            y.iter_mut().zip(columns).for_each(|(y, w)| *y += x * w);
        }
        y
    };
    x.iter().map(of_row).collect()
}

/// Causal attention of one head; returns z, `[pos][d_head]`.
fn attend(q: &[Vec<f64>], k: &[Vec<f64>], v: &[Vec<f64>]) -> Rows {
    let scale = (q[0].len() as f64).sqrt();
    let of_query = |(i, q): (usize, &Vec<f64>)| {
        let scores = k[..=i]
            .iter()
            .map(|k| dot(q, k) / scale)
            .collect::<Vec<_>>();
        let mut z = vec![0.0; q.len()];
        for (p, v) in softmax(&scores).iter().zip(v) {
            z.iter_mut().zip(v).for_each(|(z, v)| *z += p * v);
        }
        z
    };
    q.iter().enumerate().map(of_query).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Probabilities of logits.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::MIN, f64::max);
    let exp: Vec<f64> = logits.iter().map(|x| (x - largest).exp()).collect();
    let sum: f64 = exp.iter().sum();
    exp.iter().map(|x| x / sum).collect()
}

fn normalised(x: &[f64], eps: f64) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let scale = (variance + eps).sqrt();
    x.iter().map(|x| (x - mean) / scale).collect()
}

fn gelu_tanh(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
}
