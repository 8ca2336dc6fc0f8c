//! A table with one row per token, in parts that fit a GPU's buffers.
//!
//! GPT-2's is 154 MB, and WebGPU promises no binding larger than 128 MiB: so a table is several tensors, each
//! with some of the rows. It is kept as the checkpoint has it, since input and output often share one: each
//! transforms only the rows that it reads.

use burn::tensor::{Device, Tensor};

use crate::ops::{Product, Shown, cat, look_up};

/// Numbers in a part at most: 64 MiB.
const PART: usize = 16 << 20;

/// A table `[d_vocab, d_model]`.
#[derive(Debug, Clone)]
pub struct Embedding {
    parts: Vec<Tensor<2>>,
}

impl Embedding {
    /// Rows of each part but the last, which may have fewer.
    pub fn rows_in_part(d_model: usize) -> usize {
        (PART / d_model).max(1)
    }

    /// A table of parts, at least one.
    ///
    /// # Shapes
    /// - `parts`: `[rows, d_model]` each, of as many rows as the first but for the last
    ///
    /// # Panics
    /// Without a part.
    pub fn new(parts: Vec<Tensor<2>>) -> Self {
        assert!(!parts.is_empty(), "a table has a part");
        Self { parts }
    }

    /// The device that holds it.
    pub fn device(&self) -> Device {
        self.parts[0].device()
    }

    /// How many tokens it has, `d_vocab`.
    pub fn tokens(&self) -> usize {
        self.parts.iter().map(|part| part.dims()[0]).sum()
    }

    /// The rows of some tokens, centred or scaled, `[ids, d_model]`.
    ///
    /// # Panics
    /// Without an id, or for one beyond the table.
    pub fn rows(&self, ids: &[u32], shown: Shown<'_>) -> Tensor<2> {
        let tokens = self.tokens();
        assert!(!ids.is_empty(), "no token to look up");
        let is_known = ids.iter().all(|id| (*id as usize) < tokens);
        assert!(is_known, "a token id of {tokens} or more");
        look_up(&self.parts, ids, shown)
    }

    /// `x @ table^T`.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_model]`; returns `[rows, d_vocab]`
    pub fn scores(&self, x: &Tensor<2>, product: Product) -> Tensor<2> {
        cat(self.scores_by(x, product, self.tokens()).collect(), 1)
    }

    /// The same, at most `n` tokens at a time.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_model]`; gives `[rows, tokens]` each time
    pub fn scores_by(
        &self,
        x: &Tensor<2>,
        product: Product,
        n: usize,
    ) -> impl Iterator<Item = Tensor<2>> {
        self.parts.iter().flat_map(move |part| {
            let [rows, _] = part.dims();
            (0..rows).step_by(n.max(1)).map(move |first| {
                let some = part.clone().narrow(0, first, n.min(rows - first));
                product.matmul(x.clone(), &some.transpose())
            })
        })
    }

    /// `weights @ table`.
    ///
    /// # Shapes
    /// - `weights`: `[rows, d_vocab]`; returns `[rows, d_model]`
    pub fn weighted(&self, weights: Tensor<2>, product: Product) -> Tensor<2> {
        let mut first = 0;
        let products = self.parts.iter().map(|part| {
            let n = part.dims()[0];
            let of_part = weights.clone().narrow(1, first, n);
            first += n;
            product.matmul(of_part, part)
        });
        let sum = products.reduce(|a, b| a + b);
        sum.expect("a table has a part")
    }

    /// The mean over all tokens, `[1, d_model]`.
    pub fn mean(&self) -> Tensor<2> {
        let sums = self.parts.iter().map(|part| part.clone().sum_dim(0));
        let sum = sums.reduce(|a, b| a + b).expect("a table has a part");
        sum / self.tokens() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(x: Tensor<2>) -> Vec<f32> {
        x.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn parts_are_one_table() {
        let device = Device::flex();
        let whole = Tensor::<2>::from_data(
            [[1., 2.], [3., -4.], [5., 6.], [7., 8.], [-9., 10.]],
            &device,
        );
        let part = |first, n| whole.clone().narrow(0, first, n);
        let one = Embedding::new(vec![whole.clone()]);
        let three = Embedding::new(vec![part(0, 2), part(2, 2), part(4, 1)]);
        assert_eq!(three.tokens(), 5);
        let ids = [4, 0, 3, 3, 1];
        let from = Tensor::from_data([[1., 2.]], &device);
        let by = Tensor::from_data([[2., -1.]], &device);
        let scaled = Shown::Scaled {
            from: &from,
            by: &by,
        };
        let x = Tensor::from_data([[1., 3.], [-2., 5.]], &device);
        let weights = Tensor::from_data([[1., 2., 3., 4., 5.]], &device);
        let product = Product::default();
        for (split, not) in [
            (
                three.rows(&ids, Shown::Centred),
                one.rows(&ids, Shown::Centred),
            ),
            (three.rows(&ids, scaled), one.rows(&ids, scaled)),
            (three.scores(&x, product), one.scores(&x, product)),
            (
                three.weighted(weights.clone(), product),
                one.weighted(weights, product),
            ),
            (three.mean(), one.mean()),
        ] {
            assert_eq!(split.dims(), not.dims());
            assert_eq!(numbers(split), numbers(not));
        }
        let by_two: Vec<_> = three.scores_by(&x, product, 2).collect();
        assert_eq!(by_two.len(), 3);
        let by_one = one.scores_by(&x, product, 1).collect();
        for split in [Tensor::cat(by_two, 1), Tensor::cat(by_one, 1)] {
            assert_eq!(numbers(split), numbers(one.scores(&x, product)));
        }
        let rows = |shown| numbers(one.rows(&ids, shown));
        assert_eq!(rows(Shown::Centred)[..4], [-9.5, 9.5, -0.5, 0.5]);
        assert_eq!(rows(scaled)[..4], [-20., -8., 0., 0.]);
        assert_eq!(numbers(one.mean()), [7. / 5., 22. / 5.]);
    }
}
