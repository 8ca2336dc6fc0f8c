//! Rows of a table by token.

use burn::tensor::Tensor;

#[cfg(feature = "webgpu")]
use super::gpu;
use super::{index::index, moves::pick, shown::Shown};

/// Rows of a table that is in parts.
///
/// # Shapes
/// - `parts`: `[rows, width]` each, of as many rows as the first but for the last; returns `[ids, width]`
pub fn look_up(parts: &[Tensor<2>], ids: &[u32], shown: Shown<'_>) -> Tensor<2> {
    let device = parts[0].device();
    #[cfg(feature = "webgpu")]
    {
        let ids = index(ids.iter().map(|id| *id as usize), &device);
        if let Some(rows) = gpu::look_up(parts, &ids, shown) {
            return rows;
        }
    }
    let each = parts[0].dims()[0];
    let place = |id: &u32| (*id as usize / each, *id as usize % each);
    let mut found: Vec<usize> = Vec::with_capacity(ids.len());
    let of_parts = parts.iter().enumerate().filter_map(|(i, part)| {
        let here = ids.iter().enumerate().filter(|(_, id)| place(id).0 == i);
        let here: Vec<usize> = here.map(|(at, _)| at).collect();
        found.extend(&here);
        let rows = here.iter().map(|at| place(&ids[*at]).1);
        (!here.is_empty()).then(|| pick(part.clone(), &index(rows, &device)))
    });
    let by_part: Vec<Tensor<2>> = of_parts.collect();
    let mut order = vec![0; ids.len()];
    found.iter().enumerate().for_each(|(i, at)| order[*at] = i);
    let order = index(order.into_iter(), &device);
    let rows = pick(Tensor::cat(by_part, 0), &order);
    match shown {
        Shown::Plain => rows,
        Shown::Centred => rows.clone() - rows.mean_dim(1),
        Shown::Scaled { from, by } => (rows - from.clone()) * by.clone(),
    }
}
