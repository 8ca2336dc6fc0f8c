//! A block's four products, timed.

use burn::tensor::{Device, Int, Tensor, TensorData};
use web_time::Instant;

use crate::{
    device::WeightType,
    error::{Code, Error, Result},
    gpt2::Config,
    ops::{Product, index, pick},
};

/// `d_model` and `d_mlp` at most: no weight of the model may have come yet, and a config.json may name any size. The weights
/// take at most 192 MiB.
const WIDEST: [usize; 2] = [2048, 8192];

/// Weights of a block's shapes, of at most 2,048 by 8,192 numbers, and rows to multiply with them.
pub struct BareProducts {
    /// Rows of the residual stream and of the MLP's hidden layer: `[rows, d_model]`, `[rows, d_mlp]`.
    resid: Tensor<2>,
    hidden: Tensor<2>,
    /// `W_QKV`, `W_O`, `W_in` and `W_out`.
    weights: [Tensor<2>; 4],
    /// Which row of a product is read.
    first: Tensor<1, Int>,
}

impl BareProducts {
    /// For a model of this shape, its weights stored like this, and so many rows.
    pub fn new(device: &Device, config: &Config, weights: WeightType, rows: usize) -> Self {
        let [d_model, d_mlp] = [0, 1].map(|i| [config.d_model, config.d_mlp][i].min(WIDEST[i]));
        let ones = |shape: [usize; 2]| {
            let numbers = vec![1.0_f32; shape[0] * shape[1]];
            TensorData::new(numbers, shape)
        };
        let rows = |width| Tensor::from_data(ones([rows, width]), device);
        Self {
            resid: rows(d_model),
            hidden: rows(d_mlp),
            weights: [
                [d_model, 3 * d_model],
                [d_model, d_model],
                [d_model, d_mlp],
                [d_mlp, d_model],
            ]
            .map(|shape| Tensor::from_data(ones(shape), (device, weights.dtype()))),
            first: index([0].into_iter(), device),
        }
    }

    /// Floating-point operations of the four products.
    pub(super) fn operations(&self) -> f64 {
        let [rows, _] = self.resid.dims();
        let of = |w: &Tensor<2>| 2.0 * w.dims().iter().product::<usize>() as f64;
        rows as f64 * self.weights.iter().map(of).sum::<f64>()
    }

    /// Seconds of the four products, so many times over, until the queue of the device is empty again; with none, of emptying
    /// it.
    ///
    /// # Errors
    /// [`Code::Device`] when the device fails.
    pub(super) async fn seconds(&self, product: Product, times: usize) -> Result<f64> {
        let start = Instant::now();
        let mut last = self.resid.clone();
        for _ in 0..times {
            for w in &self.weights {
                let x = match w.dims()[0] == self.resid.dims()[1] {
                    true => &self.resid,
                    false => &self.hidden,
                };
                last = product.matmul(x.clone(), w);
            }
        }
        self.emptied(last).await?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Wait until the queue has been emptied behind a tensor: a row of it is read. A tensor that was there before would not
    /// do, since some drivers give that at once; nor would bytes that nobody looks at, which need not have come yet.
    async fn emptied(&self, last: Tensor<2>) -> Result<()> {
        let failed = |e: &dyn std::fmt::Display| {
            let what = format!("{:?}", self.resid.device());
            Error::new(Code::Device, what, "a matrix product", e)
        };
        let row = pick(last, &self.first).into_data_async().await;
        let row: Vec<f32> = row
            .map_err(|e| failed(&e))?
            .try_into_vec()
            .map_err(|e| failed(&format!("{e:?}")))?;
        match row.iter().all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err(failed(&"numbers that are not finite")),
        }
    }
}
