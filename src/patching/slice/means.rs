//! What every sender writes on the other prompts, in the mean over all pairs at each position.
//!
//! ```text
//! mean[sender, p] = sum over the pairs that have a position p of its write at p / how many have it
//! ```
//!
//! For heads it is the mean of z: the value bias is the same in every run, so it cancels in the difference. Parts are run
//! one after the other and only their sums are kept: `4 (2 n_layers + 1) d_model` bytes a position.

use burn::tensor::{Tensor, TensorData};

use crate::{
    error::Result,
    gpt2::{Gpt2, Steps},
    patching::{both::Both, patch::Direction, plan::Part, window::Window},
    prompt::Batch,
};

/// The mean writes of all senders in the window of all parts.
pub(in crate::patching) struct Means {
    window: Window,
    /// Token embedding, `[pos, d_model]`.
    embed: Tensor<2>,
    /// For each layer z of all heads side by side, `[pos, d_model]`.
    z: Vec<Tensor<2>>,
    /// For each layer the MLP's output, `[pos, d_model]`.
    mlp: Vec<Tensor<2>>,
    n_heads: usize,
}

impl Means {
    /// Run the other prompt of every pair of all parts, of which there is at least one.
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn run(
        model: &Gpt2,
        steps: Steps<'_>,
        batch: &Batch,
        parts: &[Part],
        direction: Direction,
    ) -> Result<Self> {
        let all = parts.iter().map(|part| part.window).reduce(Window::with);
        let window = all.expect("a batch has a part");
        let (device, d_model) = (model.device(), model.config.d_model);
        let zeros = || Tensor::zeros([window.rows, d_model], &device);
        let layers = || (0..model.layers.len()).map(|_| zeros()).collect();
        let mut means = Self {
            window,
            embed: zeros(),
            z: layers(),
            mlp: layers(),
            n_heads: model.config.n_heads,
        };
        let pairs = batch.pairs();
        let counts: Vec<usize> = (window.first..window.end())
            .map(|p| pairs.iter().filter(|pair| pair.clean.len() > p).count())
            .collect();
        for part in parts {
            let (n, pos) = (part.batch(), part.pos());
            let Some(rows) = pos.checked_sub(window.first).filter(|rows| *rows > 0) else {
                continue;
            };
            let Both { clean, corrupted } = part.tokens(batch);
            let other = match direction {
                Direction::Denoise => clean,
                Direction::Noise => corrupted,
            };
            // Each prompt's share of the mean at each of its positions; padding has none.
            let share = part.prompts.iter().flat_map(|i| {
                let len = pairs[*i].clean.len();
                let positions = window.first..pos;
                let counts = counts[..rows].iter();
                positions.zip(counts).map(move |(p, count)| match p < len {
                    true => 1.0 / *count as f32,
                    false => 0.0,
                })
            });
            let share = TensorData::new(share.collect::<Vec<f32>>(), [n, rows, 1]);
            let share = Tensor::<3>::from_data(share, &device);
            let add = |sum: &mut Tensor<2>, x: Tensor<2>| {
                let x = x.reshape([n, pos, d_model]).narrow(1, window.first, rows);
                let x = (x * share.clone()).sum_dim(0).squeeze_dim::<2>(0);
                let front = sum.clone().narrow(0, 0, rows) + x;
                *sum = match window.rows - rows {
                    0 => front,
                    left => Tensor::cat(vec![front, sum.clone().narrow(0, rows, left)], 0),
                };
            };
            add(&mut means.embed, model.embed_tokens(&other.concat()));
            let mut resid = model.embed(&other).reshape([n * pos, d_model]);
            for i in 0..model.layers.len() {
                let block = model.layers.block(i).await?;
                let qkv = block.qkv_of_rows(resid.clone(), steps).await?;
                let z = block.attend_all_rows(qkv, None, pos, steps).await?;
                add(&mut means.z[i], z.clone());
                resid = block.add_attention(resid, z, steps).await?;
                let mlp = block.mlp_of_rows(resid.clone(), steps).await?;
                add(&mut means.mlp[i], mlp.clone());
                resid = resid + mlp;
            }
        }
        Ok(means)
    }

    /// The mean token embedding, the same for every prompt, `[batch * rows, d_model]`.
    pub fn embed(&self, window: Window, batch: usize) -> Tensor<2> {
        self.on_rows(&self.embed, window, batch)
    }

    /// The mean z of a layer's heads, `[head, batch * rows, d_head]`.
    pub fn z(&self, layer: usize, window: Window, batch: usize) -> Tensor<3> {
        let z = self.on_rows(&self.z[layer], window, batch);
        let [flat, d_model] = z.dims();
        let z = z.reshape([flat, self.n_heads, d_model / self.n_heads]);
        z.swap_dims(0, 1)
    }

    /// The mean output of a layer's MLP, `[batch * rows, d_model]`.
    pub fn mlp(&self, layer: usize, window: Window, batch: usize) -> Tensor<2> {
        self.on_rows(&self.mlp[layer], window, batch)
    }

    fn on_rows(&self, x: &Tensor<2>, window: Window, batch: usize) -> Tensor<2> {
        let first = window.first - self.window.first;
        let x = x.clone().narrow(0, first, window.rows);
        x.repeat(&[batch, 1])
    }
}
