//! The product with a tile for each workgroup in its memory: for GPUs whose caches do not hold what neighbours read again.
//!
//! A workgroup of 128 units computes 64 rows and 16 or 32 vectors of columns, 8 rows and one or two vectors for each unit.
//! For every 4 vectors of depth it copies what it needs of both operands, then multiplies.

use burn_cubecl::cubecl::{self, prelude::*};

use super::{
    super::activation::Activation,
    launch::{Launch, finish},
};

/// Units of a workgroup along the columns and along the rows.
const GROUP: [usize; 2] = [16, 8];
const UNITS: usize = GROUP[0] * GROUP[1];
/// Rows of a unit and of a workgroup.
const ROWS: usize = 8;
const GROUP_ROWS: usize = ROWS * GROUP[1];
/// Vectors of depth that are copied at once.
const DEPTH: usize = 4;

/// Launch with so many vectors of columns for each unit.
pub(super) fn launch(launch: Launch, vectors: usize) {
    let vector = launch.vector_size();
    let [rows, depth, width, stride] = launch.shape;
    let count = |n: usize, of_group: usize| n.div_ceil(of_group) as u32;
    let count = CubeCount::new_2d(
        count(width, GROUP[0] * vectors * vector),
        count(rows, GROUP_ROWS),
    );
    let numbers_of_b = launch.numbers_of_b();
    // SAFETY: rows and columns beyond the last are clamped where they are read, and not written; beyond the depth there are
    // zeros.
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
    #[comptime] vectors: usize,
    #[comptime] activation: Activation,
    #[define(W)] _w: ElemType,
) {
    let size = N::value();
    let columns = comptime!(GROUP[0] * vectors);
    let first_row = CUBE_POS_Y as usize * GROUP_ROWS;
    let first_col = CUBE_POS_X as usize * columns;
    let unit = UNIT_POS as usize;
    let (x, y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let mut of_a = Shared::<[Vector<f32, N>]>::new_slice(comptime!(GROUP_ROWS * DEPTH));
    let mut of_b = Shared::<[Vector<f32, N>]>::new_slice(comptime!(DEPTH * size * columns));
    let mut sums = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for _ in 0..ROWS * vectors {
        sums.push(RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32)));
    }
    let steps = depth.div_ceil(DEPTH);
    for step in 0..steps {
        let start = step * DEPTH;
        #[unroll]
        for i in 0..comptime!(GROUP_ROWS * DEPTH / UNITS) {
            let at = unit + i * UNITS;
            let row = min(first_row + at / DEPTH, rows - 1);
            let k = start + at % DEPTH;
            of_a[at] = Vector::new(0.0f32);
            if k < depth {
                of_a[at] = a[start_a + row * depth + k];
            }
        }
        #[unroll]
        for i in 0..comptime!(DEPTH * size * columns / UNITS) {
            let at = unit + i * UNITS;
            let col = min(first_col + at % columns, width - 1);
            let k = start * size + at / columns;
            of_b[at] = Vector::new(0.0f32);
            if k < depth * size {
                of_b[at] = Vector::cast_from(b[start_b + k * b_stride + col]);
            }
        }
        sync_cube();
        #[unroll]
        for k in 0..DEPTH {
            let mut now = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for l in 0..size {
                #[unroll]
                for j in 0..vectors {
                    now.push(of_b[(k * size + l) * columns + x + j * GROUP[0]]);
                }
            }
            #[unroll]
            for i in 0..ROWS {
                let row = of_a[(y * ROWS + i) * DEPTH + k];
                #[unroll]
                for l in 0..size {
                    let factor = Vector::<f32, N>::new(row.extract(l));
                    #[unroll]
                    for j in 0..vectors {
                        let sum = sums.index(i * vectors + j);
                        sum.store(sum.read() + factor * *now.index(l * vectors + j));
                    }
                }
            }
        }
        sync_cube();
    }
    #[unroll]
    for i in 0..ROWS {
        let row = first_row + y * ROWS + i;
        #[unroll]
        for j in 0..vectors {
            let column = first_col + x + j * GROUP[0];
            if row < rows && column < width {
                let at = row * width + column;
                let sum = sums.index(i * vectors + j).read();
                c[start_c + at] = finish::<N>(sum, bias, resid, at, column, after, activation);
            }
        }
    }
}
