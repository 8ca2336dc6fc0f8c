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
use crate::ops::{self, Product, Shown};

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
            None => Columns::All {
                ln_w: self.ln_w.clone(),
                ln_b: self.ln_b.clone(),
                table: self.table.clone(),
                mean: self.mean.clone(),
            },
            Some(ids) => {
                let rows = |by| {
                    let from = &self.mean;
                    self.table.rows(ids, Shown::Scaled { from, by })
                };
                let ones = TensorData::new(vec![1.0_f32; d_model], [1, d_model]);
                let ones = Tensor::from_data(ones, &self.mean.device());
                let centred = rows(&ones).transpose();
                Columns::Some {
                    columns: rows(&self.ln_w).transpose(),
                    bias: self
                        .product
                        .matmul(self.ln_b.clone(), &centred)
                        .flatten(0, 1),
                }
            }
        };
        Unembedding {
            eps: self.eps,
            columns,
            product: self.product,
        }
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
    /// Centred columns of `W_U` times the weight of the LayerNorm, `[d_model, tokens]`, and what its bias adds,
    /// `[tokens]`.
    Some { columns: Tensor<2>, bias: Tensor<1> },
    /// The LayerNorm's weight and bias, the table and its mean row.
    All {
        ln_w: Tensor<2>,
        ln_b: Tensor<2>,
        table: Embedding,
        mean: Tensor<2>,
    },
}

impl Unembedding {
    /// How many tokens' logits it gives.
    pub fn tokens(&self) -> usize {
        match &self.columns {
            Columns::Some { bias, .. } => bias.dims()[0],
            Columns::All { table, .. } => table.tokens(),
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
            Columns::Some { columns, bias } => product.with_bias(normalised, columns, bias),
            Columns::All {
                ln_w,
                ln_b,
                table,
                mean,
            } => {
                let x = normalised * ln_w.clone() + ln_b.clone();
                let of_mean = product.matmul(x.clone(), &mean.clone().transpose());
                table.scores(x, product) - of_mean
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
            Columns::Some { columns, .. } => product.matmul(gradient, &columns.clone().transpose()),
            Columns::All {
                ln_w, table, mean, ..
            } => {
                let of_mean = gradient.clone().sum_dim(1) * mean.clone();
                (table.weighted(gradient, product) - of_mean) * ln_w.clone()
            }
        }
    }
}
