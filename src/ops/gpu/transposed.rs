//! The product with the transpose of a matrix, whose rows are read: of the backward pass and of the unembedding.

use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    super::activation::Activation,
    buffer::vector_size,
    launch::{Launch, finish},
};

/// Units of a workgroup along the columns and along the rows.
const GROUP: [usize; 2] = [16, 4];
/// Rows and columns of a unit.
const TILE: usize = 4;

pub(super) fn launch(launch: Launch) {
    let [rows, depth, width, stride] = launch.shape;
    let vector = vector_size([depth, stride, launch.start[0], launch.start[1]]);
    let count = |n: usize, of_group: usize| n.div_ceil(of_group * TILE) as u32;
    let numbers_of_b = launch.numbers_of_b();
    // SAFETY: rows and columns beyond the last are clamped where they are read, and not written.
    unsafe {
        product::launch_unchecked(
            &launch.a.client.clone(),
            CubeCount::new_2d(count(width, GROUP[0]), count(rows, GROUP[1])),
            CubeDim::new_2d(GROUP[0] as u32, GROUP[1] as u32),
            vector,
            launch.a.into_buffer_arg(),
            launch.b.into_buffer_arg(),
            launch.bias.into_buffer_arg(),
            launch.resid.into_buffer_arg(),
            launch.c.into_buffer_arg(),
            rows,
            depth / vector,
            width,
            stride / vector,
            launch.start[0] / vector,
            launch.start[1] / vector,
            launch.start[2],
            launch.after,
            launch.activation,
            numbers_of_b,
        );
    }
}

#[cube(launch_unchecked)]
fn product<W: Float, N: Size>(
    a: &[Vector<f32, N>],
    b: &[Vector<W, N>],
    bias: &[Vector<f32, Const<1>>],
    resid: &[Vector<f32, Const<1>>],
    c: &mut [Vector<f32, Const<1>>],
    rows: usize,
    depth: usize,
    width: usize,
    b_stride: usize,
    start_a: usize,
    start_b: usize,
    start_c: usize,
    after: u32,
    #[comptime] activation: Activation,
    #[define(W)] _w: ElemType,
) {
    let row = ABSOLUTE_POS_Y as usize * TILE;
    let col = CUBE_POS_X as usize * (GROUP[0] * TILE) + UNIT_POS_X as usize;
    if row >= rows || col >= width {
        terminate!();
    }
    let mut sums = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    let mut of_row = Sequence::<usize>::new();
    let mut of_col = Sequence::<usize>::new();
    #[unroll]
    for _ in 0..TILE * TILE {
        sums.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
    }
    #[unroll]
    for i in 0..TILE {
        of_row.push(start_a + min(row + i, rows - 1) * depth);
        of_col.push(start_b + min(col + i * GROUP[0], width - 1) * b_stride);
    }
    for k in 0..depth {
        let mut of_b = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for j in 0..TILE {
            of_b.push(Vector::cast_from(b[of_col[j] + k]));
        }
        #[unroll]
        for i in 0..TILE {
            let of_a = a[of_row[i] + k];
            #[unroll]
            for j in 0..TILE {
                let sum = sums.index(i * TILE + j);
                sum.store(sum.read() + of_a * *of_b.index(j));
            }
        }
    }
    #[unroll]
    for i in 0..TILE {
        if row + i < rows {
            #[unroll]
            for j in 0..TILE {
                let column = col + j * GROUP[0];
                if column < width {
                    let at = (row + i) * width + column;
                    let sum = Vector::vector_sum(sums.index(i * TILE + j).read());
                    let sum = Vector::<f32, Const<1>>::new(sum);
                    c[start_c + at] =
                        finish::<Const<1>>(sum, bias, resid, at, column, after, activation);
                }
            }
        }
    }
}
