//! Our product for GPUs, beside Burn's: a tile of 8 rows by 8 columns for each invocation, in registers.
//!
//! Of cubek's routines a browser can compile those without subgroups: `SimpleUnit`, which Burn chooses there, and
//! `DoubleUnit`. On SwiftShader, Chromium's software adapter, they reach 0.1 GFLOPS and this kernel 2.2: it uses
//! neither shared memory nor barriers, which are slow there. Which is faster on a real GPU is measured when a model is
//! loaded: see [`choose_product`](crate::rate::choose_product).

use burn::{
    backend::Cube,
    tensor::{self as burn_tensor, DType, Shape},
};
use burn_cubecl::{
    cubecl::{self, prelude::*},
    kernel::into_contiguous,
    ops::numeric::empty_device_contiguous_dtype,
    tensor::CubeTensor,
};

/// Rows of a tile.
const ROWS: usize = 8;
/// Vectors of four columns of a tile.
const VECTORS: usize = 2;
/// Invocations of a workgroup along the columns and along the rows.
const GROUP: [u32; 2] = [16, 4];

type Matrix = burn_tensor::Tensor<2>;

/// `x @ w` by this kernel where the shapes suit it; `x` is given back where they do not.
///
/// # Shapes
/// - `x`: `[rows, d_in]`, `w`: `[d_in, d_out]`; returns `[rows, d_out]`
#[expect(
    clippy::result_large_err,
    reason = "no error: the operand is handed back"
)]
pub fn matmul(x: Matrix, w: &Matrix) -> Result<Matrix, Matrix> {
    let ([m, k], [_, n]) = (x.dims(), w.dims());
    let suits = k.is_multiple_of(4) && n.is_multiple_of(4 * VECTORS) && m > 0;
    if !suits {
        return Err(x);
    }
    let (Ok(a), Ok(b)) = (
        x.clone().try_into_primitive::<Cube>(),
        w.clone().try_into_primitive::<Cube>(),
    ) else {
        return Err(x);
    };
    drop(x);
    Ok(Matrix::from_primitive::<Cube>(launch(a, b, [m, n])))
}

fn launch(a: CubeTensor, b: CubeTensor, [m, n]: [usize; 2]) -> CubeTensor {
    let a = into_contiguous(a);
    // Some columns of wider weights are read in place.
    let is_readable = matches!(b.meta.strides()[..], [stride, 1] if stride.is_multiple_of(4));
    let b = if is_readable { b } else { into_contiguous(b) };
    let (client, device) = (a.client.clone(), a.device.clone());
    let c = empty_device_contiguous_dtype(client.clone(), device, Shape::new([m, n]), DType::F32);
    let groups = |n: usize, each: usize, group: u32| (n.div_ceil(each) as u32).div_ceil(group);
    let count = CubeCount::new_2d(groups(n, 4 * VECTORS, GROUP[0]), groups(m, ROWS, GROUP[1]));
    let group = CubeDim::new_2d(GROUP[0], GROUP[1]);
    let [a, b, out] = [a, b, c.clone()].map(CubeTensor::into_tensor_arg);
    // SAFETY: rows beyond the last are clamped where they are read and not written, and the columns are whole
    // tiles.
    unsafe { product::launch_unchecked(&client, count, group, a, b, out) };
    c
}

#[cube(launch_unchecked)]
fn product(
    a: &Tensor<Vector<f32, Const<4>>>,
    b: &Tensor<Vector<f32, Const<4>>>,
    c: &mut Tensor<Vector<f32, Const<4>>>,
) {
    let rows = a.shape(0);
    let depth = a.shape(1) / 4;
    let width = b.shape(1) / 4;
    let b_stride = b.stride(0) / 4;
    let row = ABSOLUTE_POS_Y as usize * ROWS;
    let col = ABSOLUTE_POS_X as usize * VECTORS;
    if row >= rows || col >= width {
        terminate!();
    }
    let mut sums = Sequence::<RuntimeCell<Vector<f32, Const<4>>>>::new();
    #[unroll]
    for _ in 0..ROWS * VECTORS {
        sums.push(RuntimeCell::<Vector<f32, Const<4>>>::new(Vector::new(0.0)));
    }
    for k in 0..depth {
        let mut of_b = Sequence::<Vector<f32, Const<4>>>::new();
        #[unroll]
        for l in 0..4usize {
            #[unroll]
            for j in 0..VECTORS {
                of_b.push(b[(4 * k + l) * b_stride + col + j]);
            }
        }
        #[unroll]
        for i in 0..ROWS {
            let of_a = a[min(row + i, rows - 1) * depth + k];
            #[unroll]
            for l in 0..4usize {
                let x = Vector::<f32, Const<4>>::new(of_a.extract(l));
                #[unroll]
                for j in 0..VECTORS {
                    let sum = sums.index(i * VECTORS + j);
                    sum.store(sum.read() + x * *of_b.index(l * VECTORS + j));
                }
            }
        }
    }
    #[unroll]
    for i in 0..ROWS {
        if row + i < rows {
            #[unroll]
            for j in 0..VECTORS {
                c[(row + i) * width + col + j] = sums.index(i * VECTORS + j).read();
            }
        }
    }
}
