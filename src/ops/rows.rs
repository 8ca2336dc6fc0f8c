//! The last rows of sequences: what comes before them, and which of them are wanted.

#[cfg(feature = "webgpu")]
use burn::tensor::Int;
use burn::tensor::{Device, Tensor};

#[cfg(feature = "webgpu")]
use super::{gpu, host::on_cpu};
use super::{index::index, moves::cat, past::Past};

impl Past {
    /// Keys and values of whole sequences: those of the past, then those of the rows.
    ///
    /// # Shapes
    /// - `rows`: k and v, `[sequence, head, rows, d_head]`, prompts fastest among sequences
    /// - returns `[sequence, head, past + rows, d_head]` each
    pub fn in_front_of(past: Option<&Self>, rows: [Tensor<4>; 2]) -> [Tensor<4>; 2] {
        let Some(past) = past else {
            return rows;
        };
        let [k, v] = rows;
        [(&past.k, k), (&past.v, v)].map(|(past, rows)| {
            let past = match rows.dims()[0] / past.dims()[0] {
                1 => past.clone(),
                edges => past.clone().repeat(&[edges, 1, 1, 1]),
            };
            cat(vec![past, rows], 2)
        })
    }
}

/// One row of each prompt. Its numbers are uploaded to a GPU once, not in every step that asks for them.
#[derive(Debug, Clone)]
pub struct OneRow {
    of_prompt: Vec<usize>,
    #[cfg(feature = "webgpu")]
    on_device: Option<Tensor<1, Int>>,
}

impl OneRow {
    /// For tensors on this device.
    #[cfg_attr(not(feature = "webgpu"), expect(unused_variables))]
    pub fn new(of_prompt: Vec<usize>, device: &Device) -> Self {
        Self {
            #[cfg(feature = "webgpu")]
            on_device: (!on_cpu(device)).then(|| index(of_prompt.iter().copied(), device)),
            of_prompt,
        }
    }

    /// Which row it is in each prompt, counted from the first of the rows.
    pub fn of_prompt(&self) -> &[usize] {
        &self.of_prompt
    }
}

/// For which rows of a sequence attention is computed.
#[derive(Debug, Clone, Copy)]
pub enum Queries<'a> {
    /// Every row.
    All,
    /// One row of each prompt.
    One(&'a OneRow),
}

impl<'a> Queries<'a> {
    /// How many rows of each sequence these are.
    pub fn count(self, rows: usize) -> usize {
        match self {
            Self::All => rows,
            Self::One(_) => 1,
        }
    }

    /// The row of each prompt on a GPU; `None` where all rows are wanted, and on the CPU.
    #[cfg(feature = "webgpu")]
    pub(super) fn on_device(self) -> Option<&'a Tensor<1, Int>> {
        match self {
            Self::One(one) => one.on_device.as_ref(),
            Self::All => None,
        }
    }

    /// Select the queries among flat rows.
    ///
    /// # Shapes
    /// - `x`: `[sequence * rows, width]`; returns `[sequence * queries, width]`
    pub fn select(self, x: Tensor<2>, rows: usize) -> Tensor<2> {
        let Self::One(one) = self else {
            return x;
        };
        #[cfg(feature = "webgpu")]
        if let Some(one) = self.on_device()
            && let Some(y) = gpu::take(&x, one, rows)
        {
            return y;
        }
        let (of_prompt, sequences) = (one.of_prompt(), x.dims()[0] / rows);
        let flat = |s: usize| s * rows + of_prompt[s % of_prompt.len()];
        let rows = index((0..sequences).map(flat), &x.device());
        x.select(0, rows)
    }

    /// The reverse: put the queries back, with zeros in all other rows.
    ///
    /// # Shapes
    /// - `x`: `[sequence * queries, width]`; returns `[sequence * rows, width]`
    pub fn put_back(self, x: Tensor<2>, rows: usize) -> Tensor<2> {
        let Self::One(one) = self else {
            return x;
        };
        #[cfg(feature = "webgpu")]
        if let Some(one) = self.on_device()
            && let Some(y) = gpu::put_back(&x, one, rows)
        {
            return y;
        }
        let (of_prompt, [sequences, width]) = (one.of_prompt(), x.dims());
        let zeros = Tensor::zeros([1, width], &x.device());
        let of_row = |flat: usize| match (flat / rows, flat % rows) {
            (s, row) if row == of_prompt[s % of_prompt.len()] => s,
            _ => sequences,
        };
        let rows = index((0..sequences * rows).map(of_row), &x.device());
        Tensor::cat(vec![x, zeros], 0).select(0, rows)
    }
}
