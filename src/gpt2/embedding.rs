//! A table with one row per token, in parts that fit a GPU's buffers.
//!
//! GPT-2's is 154 MB, and WebGPU promises no binding larger than 128 MiB: so a table is several tensors, each
//! with some of the rows. It is kept as the checkpoint has it, since input and output often share one: each
//! transforms only the rows that it reads.

use burn::tensor::{Device, Tensor};

use crate::ops::{Product, index};

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

    /// The rows of some tokens, `[ids, d_model]`.
    ///
    /// # Panics
    /// Without an id, or for one beyond the table.
    pub fn rows(&self, ids: &[u32]) -> Tensor<2> {
        let tokens = self.tokens();
        assert!(!ids.is_empty(), "no token to look up");
        let is_known = ids.iter().all(|id| (*id as usize) < tokens);
        assert!(is_known, "a token id of {tokens} or more");
        let device = self.device();
        let each = self.parts[0].dims()[0];
        let place = |id: &u32| (*id as usize / each, *id as usize % each);
        let mut found: Vec<usize> = Vec::with_capacity(ids.len());
        let of_parts = self.parts.iter().enumerate().filter_map(|(i, part)| {
            let here = ids.iter().enumerate().filter(|(_, id)| place(id).0 == i);
            let here: Vec<usize> = here.map(|(at, _)| at).collect();
            found.extend(&here);
            let rows = here.iter().map(|at| place(&ids[*at]).1);
            (!here.is_empty()).then(|| part.clone().select(0, index(rows, &device)))
        });
        let by_part: Vec<Tensor<2>> = of_parts.collect();
        let mut order = vec![0; ids.len()];
        found.iter().enumerate().for_each(|(i, at)| order[*at] = i);
        Tensor::cat(by_part, 0).select(0, index(order.into_iter(), &device))
    }

    /// `x @ table^T`.
    ///
    /// # Shapes
    /// - `x`: `[rows, d_model]`; returns `[rows, d_vocab]`
    pub fn scores(&self, x: Tensor<2>, product: Product) -> Tensor<2> {
        let parts = self.parts.iter();
        let scores = parts.map(|part| product.matmul(x.clone(), &part.clone().transpose()));
        Tensor::cat(scores.collect(), 1)
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
        let x = Tensor::from_data([[1., 3.], [-2., 5.]], &device);
        let weights = Tensor::from_data([[1., 2., 3., 4., 5.]], &device);
        for (split, not) in [
            (three.rows(&ids), one.rows(&ids)),
            (
                three.scores(x.clone(), Product::Burn),
                one.scores(x, Product::Burn),
            ),
            (
                three.weighted(weights.clone(), Product::Burn),
                one.weighted(weights, Product::Burn),
            ),
            (three.mean(), one.mean()),
        ] {
            assert_eq!(split.dims(), not.dims());
            assert_eq!(numbers(split), numbers(not));
        }
        assert_eq!(numbers(one.rows(&ids))[..4], [-9., 10., 1., 2.]);
        assert_eq!(numbers(one.mean()), [7. / 5., 22. / 5.]);
    }
}
