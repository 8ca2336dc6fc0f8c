//! Direct path patching as plainly as it can be written: f64 loops, one full forward pass an edge, no Burn.
//!
//! Reads the processed weights back from the model, so what it checks is the schedule, not the loading.

use std::f64::consts::PI;

use burn::tensor::Tensor;
use pathpatch::{
    gpt2::{Activation, Block, Embedding, Gpt2},
    patching::{Component, Head, LayerNorm},
    prompt::PromptPair,
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

    /// Each row less its mean.
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

    /// `x @ self`, over the rows of self from `first` on and its columns from `col` to `col + n`.
    fn apply(&self, x: &[f64], first: usize, col: usize, n: usize) -> Vec<f64> {
        let mut y = vec![0.0; n];
        for (i, x) in x.iter().enumerate() {
            let w = &self.row(first + i)[col..col + n];
            y.iter_mut().zip(w).for_each(|(y, w)| *y += x * w);
        }
        y
    }
}

/// All rows of a table of tokens.
fn table(table: &Embedding) -> Tensor<2> {
    let all: Vec<u32> = (0..table.tokens() as u32).collect();
    table.rows(&all)
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
    w_o: Matrix,
    b_o: Vec<f64>,
    w_in: Matrix,
    b_in: Vec<f64>,
    w_out: Matrix,
    b_out: Vec<f64>,
}

/// A GPT-2 on plain vectors.
pub struct Oracle {
    d_model: usize,
    d_head: usize,
    n_heads: usize,
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

/// What one run keeps, `[layer][pos]`.
pub struct Run {
    /// All heads' z side by side.
    z: Vec<Vec<Vec<f64>>>,
    resid_pre: Vec<Vec<Vec<f64>>>,
    ln1_scale: Vec<Vec<f64>>,
    /// `[pos][d_vocab]`.
    pub logits: Vec<Vec<f64>>,
}

/// A vector to add to one head's q, k or v at every position.
struct Patch {
    dst: Head,
    component: Component,
    /// `[pos][d_head]`.
    delta: Vec<Vec<f64>>,
}

impl Oracle {
    pub fn new(model: &Gpt2) -> Self {
        let block = |b: &Block| PlainBlock {
            w_qkv: Matrix::read(&b.w_qkv),
            b_qkv: read(&b.b_qkv),
            w_o: Matrix::read(&b.w_o),
            b_o: read(&b.b_o),
            w_in: Matrix::read(&b.w_in),
            b_in: read(&b.b_in),
            w_out: Matrix::read(&b.w_out),
            b_out: read(&b.b_out),
        };
        let c = &model.config;
        Self {
            d_model: c.d_model,
            d_head: c.d_head,
            n_heads: c.n_heads,
            d_mlp: c.d_mlp,
            d_vocab: c.d_vocab,
            eps: c.eps,
            activation: c.activation,
            w_e: Matrix::read(&table(&model.embed)).with_centred_rows(),
            w_pos: Matrix::read(&model.w_pos),
            blocks: model.blocks.iter().map(block).collect(),
            ln_w: read(&model.unembed.ln_w),
            ln_b: read(&model.unembed.ln_b),
            w_u: Matrix::read(&table(&model.unembed.table).transpose()).with_centred_rows(),
        }
    }

    pub fn run(&self, ids: &[u32]) -> Run {
        self.run_patched(ids, None)
    }

    /// The logits of the corrupted run with `amount` of the direct path from `src` into `dst` patched: all of
    /// it where 1.
    pub fn patched_logits(
        &self,
        pair: &PromptPair,
        (clean, corrupted): (&Run, &Run),
        (src, dst): (Head, Head),
        (component, layer_norm): (Component, LayerNorm),
        amount: f64,
    ) -> Vec<Vec<f64>> {
        let of_src = |run: &Run, pos: usize| {
            run.z[src.layer][pos][src.head * self.d_head..][..self.d_head].to_vec()
        };
        let delta = (0..pair.corrupted.len()).map(|pos| {
            let (a, b) = (of_src(clean, pos), of_src(corrupted, pos));
            let dz: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
            let w_o = &self.blocks[src.layer].w_o;
            let resid = w_o.apply(&dz, src.head * self.d_head, 0, self.d_model);
            let resid: Vec<f64> = resid.iter().map(|x| amount * x).collect();
            let before = &corrupted.resid_pre[dst.layer][pos];
            let scaled: Vec<f64> = match layer_norm {
                LayerNorm::Frozen => {
                    let scale = corrupted.ln1_scale[dst.layer][pos];
                    resid.iter().map(|x| x / scale).collect()
                }
                LayerNorm::Exact => {
                    let mut after = before.clone();
                    add(&mut after, &resid);
                    let (after, before) = (self.norm(&after).0, self.norm(before).0);
                    after.iter().zip(before).map(|(a, b)| a - b).collect()
                }
            };
            let column = component as usize * self.d_model + dst.head * self.d_head;
            self.blocks[dst.layer]
                .w_qkv
                .apply(&scaled, 0, column, self.d_head)
        });
        let patch = Patch {
            dst,
            component,
            delta: delta.collect(),
        };
        self.run_patched(&pair.corrupted, Some(&patch)).logits
    }

    fn norm(&self, x: &[f64]) -> (Vec<f64>, f64) {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let centred: Vec<f64> = x.iter().map(|x| x - mean).collect();
        let scale = (centred.iter().map(|x| x * x).sum::<f64>() / n + self.eps).sqrt();
        (centred.iter().map(|x| x / scale).collect(), scale)
    }

    fn run_patched(&self, ids: &[u32], patch: Option<&Patch>) -> Run {
        let mut resid: Vec<Vec<f64>> = ids
            .iter()
            .enumerate()
            .map(|(pos, id)| {
                let mut x = self.w_e.row(*id as usize).to_vec();
                add(&mut x, self.w_pos.row(pos));
                x
            })
            .collect();
        let (mut z, mut resid_pre, mut ln1_scale) = (Vec::new(), Vec::new(), Vec::new());
        for (layer, block) in self.blocks.iter().enumerate() {
            let normed: Vec<(Vec<f64>, f64)> = resid.iter().map(|x| self.norm(x)).collect();
            resid_pre.push(resid.clone());
            ln1_scale.push(normed.iter().map(|(_, scale)| *scale).collect());
            let mut qkv: Vec<Vec<f64>> = normed
                .iter()
                .map(|(x, _)| {
                    let mut y = block.w_qkv.apply(x, 0, 0, 3 * self.d_model);
                    add(&mut y, &block.b_qkv);
                    y
                })
                .collect();
            if let Some(patch) = patch.filter(|p| p.dst.layer == layer) {
                let at = patch.component as usize * self.d_model + patch.dst.head * self.d_head;
                for (qkv, delta) in qkv.iter_mut().zip(&patch.delta) {
                    add(&mut qkv[at..at + self.d_head], delta);
                }
            }
            let layer_z = self.attend(&qkv);
            for (x, z) in resid.iter_mut().zip(&layer_z) {
                add(x, &block.w_o.apply(z, 0, 0, self.d_model));
                add(x, &block.b_o);
                let (normed, _) = self.norm(x);
                let mut hidden = block.w_in.apply(&normed, 0, 0, self.d_mlp);
                add(&mut hidden, &block.b_in);
                hidden
                    .iter_mut()
                    .for_each(|h| *h = activate(self.activation, *h));
                add(x, &block.w_out.apply(&hidden, 0, 0, self.d_model));
                add(x, &block.b_out);
            }
            z.push(layer_z);
        }
        let logits = resid
            .iter()
            .map(|x| {
                let normed = self.norm(x).0.into_iter().zip(&self.ln_w);
                let mut y: Vec<f64> = normed.map(|(x, w)| x * w).collect();
                add(&mut y, &self.ln_b);
                self.w_u.apply(&y, 0, 0, self.d_vocab)
            })
            .collect();
        Run {
            z,
            resid_pre,
            ln1_scale,
            logits,
        }
    }

    /// z of all heads side by side, for every position.
    fn attend(&self, qkv: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (d, dh) = (self.d_model, self.d_head);
        let part = |pos: usize, which: usize, head: usize| &qkv[pos][which * d + head * dh..][..dh];
        (0..qkv.len())
            .map(|pos| {
                let heads = (0..self.n_heads).flat_map(|head| {
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

/// Error function by its power series, which is exact to 1e-10 up to 4, where it is 1 to 2e-8.
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
