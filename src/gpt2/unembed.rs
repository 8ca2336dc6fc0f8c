//! From the final residual stream to logits.
//!
//! ```text
//! logits = (ln_final(resid) * ln.w + ln.b) (W_U - mean over d_vocab of W_U)
//! ```
//!
//! The logits are those of TransformerLens's processed weights: it folds `ln.w` and `ln.b` into `W_U` and
//! centres that over the vocabulary. Here the table stays as it is, for it is often the embedding's, and what
//! would change it is done to the rows that are multiplied with it.

use burn::tensor::{Tensor, TensorData};

use super::embedding::Embedding;
use crate::{
    error::Result,
    ops::{self, LogSum, Product, Shown},
    pause::Pause,
};

/// The final LayerNorm and the table of the unembedding.
#[derive(Debug, Clone)]
pub struct Unembed {
    /// Added to the variance under LayerNorm's root.
    pub eps: f64,
    /// Weight of the final LayerNorm, `[1, d_model]`.
    pub ln_w: Tensor<2>,
    /// Its bias, `[1, d_model]`.
    pub ln_b: Tensor<2>,
    /// `W_U` transposed.
    pub table: Embedding,
    /// Mean row of the table, `[1, d_model]`.
    pub mean: Tensor<2>,
    /// What multiplies by some of the table's rows.
    pub product: Product,
}

impl Unembed {
    /// Take the weights as a checkpoint has them.
    ///
    /// # Shapes
    /// - `ln_w` and `ln_b`: `[d_model]`; `mean`: the mean row of the table, `[1, d_model]`
    pub fn new(eps: f64, [ln_w, ln_b]: [Tensor<1>; 2], table: Embedding, mean: Tensor<2>) -> Self {
        Self {
            eps,
            ln_w: ln_w.unsqueeze(),
            ln_b: ln_b.unsqueeze(),
            mean,
            table,
            product: Product::default(),
        }
    }

    /// The map to the logits of some tokens, of all where `None`.
    pub fn of_tokens(&self, tokens: Option<&[u32]>) -> Unembedding {
        let [_, d_model] = self.mean.dims();
        let columns = match tokens {
            None => Columns::All(Box::new(self.clone())),
            Some(ids) => {
                let rows = |by| {
                    let from = &self.mean;
                    self.table.rows(ids, Shown::Scaled { from, by })
                };
                let ones = TensorData::new(vec![1.0_f32; d_model], [1, d_model]);
                let ones = Tensor::from_data(ones, &self.mean.device());
                let centred = rows(&ones).transpose();
                Columns::Some(Box::new(Folded {
                    columns: rows(&self.ln_w).transpose(),
                    bias: self.bias_of(&centred),
                }))
            }
        };
        self.to(columns)
    }

    /// The map to means of all tokens' logits, one for each row of weights.
    ///
    /// # Shapes
    /// - `weights`: `[means, d_vocab]`, each row with a sum of 1
    pub fn of_means(&self, weights: Tensor<2>) -> Unembedding {
        let rows = self.table.weighted(weights, self.product) - self.mean.clone();
        let centred = rows.clone().transpose();
        self.to(Columns::Some(Box::new(Folded {
            columns: (rows * self.ln_w.clone()).transpose(),
            bias: self.bias_of(&centred),
        })))
    }

    /// What the bias of the LayerNorm adds to logits.
    ///
    /// # Shapes
    /// - `centred`: centred columns of `W_U`, `[d_model, tokens]`; returns `[tokens]`
    fn bias_of(&self, centred: &Tensor<2>) -> Tensor<1> {
        let bias = self.product.matmul(self.ln_b.clone(), centred);
        bias.flatten(0, 1)
    }

    fn to(&self, columns: Columns) -> Unembedding {
        Unembedding {
            eps: self.eps,
            columns,
            product: self.product,
        }
    }

    /// The logarithm of the sum of the exponentials of all tokens' logits, of which at most `tokens` are there at a time:
    /// `[rows, 1]`.
    ///
    /// # Shapes
    /// - `normalised`: rows of the final residual stream as it is normalised, `[rows, d_model]`
    ///
    /// # Errors
    /// Those of the pause.
    pub async fn log_sum(
        &self,
        normalised: Tensor<2>,
        tokens: usize,
        pause: &dyn Pause,
    ) -> Result<Tensor<2>> {
        let x = self.scaled(normalised);
        let mut sum = LogSum::Empty;
        for scores in self.table.scores_by(&x, self.product, tokens) {
            sum = sum.with(&scores);
            pause.pause().await?;
        }
        Ok(sum.less(self.of_mean(x)))
    }

    /// With the weight and the bias of the LayerNorm, `[rows, d_model]`.
    fn scaled(&self, normalised: Tensor<2>) -> Tensor<2> {
        normalised * self.ln_w.clone() + self.ln_b.clone()
    }

    /// What the mean row of the table gives for rows with the LayerNorm's weight and bias, `[rows, 1]`.
    fn of_mean(&self, x: Tensor<2>) -> Tensor<2> {
        self.product.matmul(x, &self.mean.clone().transpose())
    }
}

/// The final LayerNorm and the map to the logits of some tokens.
#[derive(Debug, Clone)]
pub struct Unembedding {
    eps: f64,
    columns: Columns,
    product: Product,
}

/// The map from normalised rows.
#[derive(Debug, Clone)]
enum Columns {
    /// Some columns of `W_U`.
    Some(Box<Folded>),
    /// The table as it is.
    All(Box<Unembed>),
}

/// Centred columns of `W_U`, into which the LayerNorm's weight and bias are folded.
#[derive(Debug, Clone)]
struct Folded {
    /// `[d_model, tokens]`.
    columns: Tensor<2>,
    /// `[tokens]`.
    bias: Tensor<1>,
}

impl Unembedding {
    /// How many tokens' logits it gives.
    pub fn tokens(&self) -> usize {
        match &self.columns {
            Columns::Some(some) => some.bias.dims()[0],
            Columns::All(all) => all.table.tokens(),
        }
    }

    /// Logits of rows of the final residual stream.
    ///
    /// # Shapes
    /// - `resid`: `[rows, d_model]`
    /// - returns `[rows, tokens]`
    pub fn logits(&self, resid: Tensor<2>) -> Tensor<2> {
        self.of_normalised(self.normalise(resid))
    }

    /// The final LayerNorm, without its weight and bias.
    ///
    /// # Shapes
    /// - `resid`: `[rows, d_model]`, also returned
    pub fn normalise(&self, resid: Tensor<2>) -> Tensor<2> {
        ops::normalise(resid, self.eps)
    }

    /// Logits of normalised rows.
    ///
    /// # Shapes
    /// - `normalised`: `[rows, d_model]`
    /// - returns `[rows, tokens]`
    pub fn of_normalised(&self, normalised: Tensor<2>) -> Tensor<2> {
        let product = self.product;
        match &self.columns {
            Columns::Some(some) => product.with_bias(normalised, &some.columns, &some.bias),
            Columns::All(all) => {
                let x = all.scaled(normalised);
                all.table.scores(&x, product) - all.of_mean(x)
            }
        }
    }

    /// The gradient with respect to the normalised rows, from that with respect to the logits.
    ///
    /// # Shapes
    /// - `gradient`: `[rows, tokens]`
    /// - returns `[rows, d_model]`
    pub fn backward(&self, gradient: Tensor<2>) -> Tensor<2> {
        let product = self.product;
        match &self.columns {
            Columns::Some(some) => product.matmul(gradient, &some.columns.clone().transpose()),
            Columns::All(all) => {
                let of_mean = gradient.clone().sum_dim(1) * all.mean.clone();
                (all.table.weighted(gradient, product) - of_mean) * all.ln_w.clone()
            }
        }
    }
}
