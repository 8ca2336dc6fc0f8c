//! What changes of a component of all heads are worth where they are followed by its gradient.

use burn::tensor::Tensor;
use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    buffer::{empty, tensor, vector_size},
    contiguous::buffer,
};

const UNITS: usize = 32;

/// Sums over rows and prompts of `delta . gradient` for each head, `[change, head]`, and the same for each row,
/// `[rows, change, head]`.
///
/// # Shapes
/// - `delta`: `[change * batch * rows, d_model]`; `gradient`: `[batch * rows, width]`, of which the columns from `first` on
///   count
pub fn linear_changes(
    delta: &Tensor<2>,
    gradient: &Tensor<2>,
    first: usize,
    n_heads: usize,
    batch: usize,
) -> Option<(Tensor<2>, Tensor<3>)> {
    let [flat, width] = gradient.dims();
    let [of_all, d_model] = delta.dims();
    let (changes, rows, d_head) = (of_all / flat, flat / batch, d_model / n_heads);
    let (delta, gradient) = (buffer(delta)?, buffer(gradient)?);
    let whole = empty(&delta, [changes, n_heads]);
    let of_rows = empty(&delta, [rows, changes, n_heads]);
    let vector = vector_size([d_head, width, first]);
    // SAFETY: units take only rows that there are.
    unsafe {
        dots::launch_unchecked(
            &delta.client.clone(),
            CubeCount::new_2d(n_heads as u32, changes as u32),
            CubeDim::new_1d(UNITS as u32),
            vector,
            delta.into_buffer_arg(),
            gradient.into_buffer_arg(),
            whole.clone().into_buffer_arg(),
            of_rows.clone().into_buffer_arg(),
            rows,
            batch,
            width / vector,
            first / vector,
            d_head / vector,
        );
    }
    Some((tensor(whole), tensor(of_rows)))
}

#[cube(launch_unchecked)]
fn dots<N: Size>(
    delta: &[Vector<f32, N>],
    gradient: &[Vector<f32, N>],
    whole: &mut [f32],
    of_rows: &mut [f32],
    rows: usize,
    batch: usize,
    width: usize,
    first: usize,
    d_head: usize,
) {
    let (head, change) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let heads = CUBE_COUNT_X as usize;
    let d_model = heads * d_head;
    let unit = UNIT_POS as usize;
    let mut sums = Shared::<[f32]>::new_slice(UNITS);
    let mut of_unit = 0.0f32;
    let mut row = unit;
    while row < rows {
        let mut of_row = 0.0f32;
        for prompt in 0..batch {
            let at = ((change * batch + prompt) * rows + row) * d_model + head * d_head;
            let at_gradient = (prompt * rows + row) * width + first + head * d_head;
            let mut products = Vector::<f32, N>::new(0.0f32);
            for i in 0..d_head {
                products += delta[at + i] * gradient[at_gradient + i];
            }
            of_row += Vector::vector_sum(products);
        }
        of_rows[(row * CUBE_COUNT_Y as usize + change) * heads + head] = of_row;
        of_unit += of_row;
        row += UNITS;
    }
    sums[unit] = of_unit;
    sync_cube();
    if unit == 0 {
        let mut sum = 0.0f32;
        for i in 0..UNITS {
            sum += sums[i];
        }
        whole[change * heads + head] = sum;
    }
}
