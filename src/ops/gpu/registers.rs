//! The product with a tile for each unit in its registers, without memory of the workgroup and without barriers: for GPUs
//! with few registers or slow barriers, and for adapters that compute on the CPU.

use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    super::activation::Activation,
    launch::{Launch, finish},
};

/// Units of a workgroup along the columns and along the rows.
const GROUP: [usize; 2] = [16, 4];

/// Launch with so many rows and so many vectors of columns for each unit.
pub(super) fn launch(launch: Launch, tile: [usize; 2]) {
    let vector = launch.vector_size();
    let [rows, depth, width, stride] = launch.shape;
    let [tile_rows, vectors] = tile;
    let count = |n: usize, of_group: usize| n.div_ceil(of_group) as u32;
    let count = CubeCount::new_2d(
        count(width, GROUP[0] * vectors * vector),
        count(rows, GROUP[1] * tile_rows),
    );
    let numbers_of_b = launch.numbers_of_b();
    // SAFETY: rows and columns beyond the last are clamped where they are read, and not written.
    unsafe {
        product::launch_unchecked(
            &launch.a.client.clone(),
            count,
            CubeDim::new_2d(GROUP[0] as u32, GROUP[1] as u32),
            vector,
            launch.a.into_buffer_arg(),
            launch.b.into_buffer_arg(),
            launch.bias.into_buffer_arg(),
            launch.resid.into_buffer_arg(),
            launch.c.into_buffer_arg(),
            rows,
            depth / vector,
            width / vector,
            stride / vector,
            launch.start[0] / vector,
            launch.start[1] / vector,
            launch.start[2] / vector,
            launch.after,
            tile_rows,
            vectors,
            launch.activation,
            numbers_of_b,
        );
    }
}

#[cube(launch_unchecked)]
fn product<W: Float, N: Size>(
    a: &[Vector<f32, N>],
    b: &[Vector<W, N>],
    bias: &[Vector<f32, N>],
    resid: &[Vector<f32, N>],
    c: &mut [Vector<f32, N>],
    rows: usize,
    depth: usize,
    width: usize,
    b_stride: usize,
    start_a: usize,
    start_b: usize,
    start_c: usize,
    after: u32,
    #[comptime] tile_rows: usize,
    #[comptime] vectors: usize,
    #[comptime] activation: Activation,
    #[define(W)] _w: ElemType,
) {
    let row = ABSOLUTE_POS_Y as usize * tile_rows;
    // Neighbours read neighbouring vectors: the second one of each unit lies behind the first ones of all.
    let col = CUBE_POS_X as usize * (GROUP[0] * vectors) + UNIT_POS_X as usize;
    if row >= rows || col >= width {
        terminate!();
    }
    let mut sums = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    let mut of_row = Sequence::<usize>::new();
    let mut of_col = Sequence::<usize>::new();
    #[unroll]
    for _ in 0..tile_rows * vectors {
        sums.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
    }
    #[unroll]
    for i in 0..tile_rows {
        of_row.push(start_a + min(row + i, rows - 1) * depth);
    }
    #[unroll]
    for j in 0..vectors {
        of_col.push(start_b + min(col + j * GROUP[0], width - 1));
    }
    let size = N::value();
    for k in 0..depth {
        let mut of_b = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for l in 0..size {
            #[unroll]
            for j in 0..vectors {
                of_b.push(Vector::cast_from(b[(size * k + l) * b_stride + of_col[j]]));
            }
        }
        #[unroll]
        for i in 0..tile_rows {
            let of_a = a[of_row[i] + k];
            #[unroll]
            for l in 0..size {
                let x = Vector::<f32, N>::new(of_a.extract(l));
                #[unroll]
                for j in 0..vectors {
                    let sum = sums.index(i * vectors + j);
                    sum.store(sum.read() + x * *of_b.index(l * vectors + j));
                }
            }
        }
    }
    #[unroll]
    for i in 0..tile_rows {
        if row + i < rows {
            #[unroll]
            for j in 0..vectors {
                let column = col + j * GROUP[0];
                if column < width {
                    let at = (row + i) * width + column;
                    let sum = sums.index(i * vectors + j).read();
                    c[start_c + at] = finish::<N>(sum, bias, resid, at, column, after, activation);
                }
            }
        }
    }
}
