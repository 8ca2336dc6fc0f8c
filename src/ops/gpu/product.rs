//! Matrix products, with what follows them done to each number before it is written.
//!
//! ```text
//! y = x w    y = x w + b    y = act(x w + b)    y = x w + b + resid
//! ```
//!
//! Which of these it is, a kernel is told when it runs: a branch for each number costs nothing beside its sum, and a kernel
//! for each would have to be compiled. Weights may be stored as they are, `[d_in, d_out]`, or transposed: a view of them
//! is read where it is.

use burn::tensor::Tensor;
use burn_cubecl::tensor::CubeTensor;

use super::{
    super::{activation::Activation, part::Part},
    buffer::{empty, tensor, where_it_is},
    contiguous::{buffer, contiguous},
    launch::Launch,
    registers, shared, transposed,
};

/// How a kernel cuts a product into tiles. Which is fastest differs between GPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tile {
    /// 4 rows by 4 columns for each unit, in registers.
    Registers4x4,
    /// 8 rows by 8 columns for each unit, in registers.
    Registers8x8,
    /// 64 rows by 64 columns for each workgroup, 16 deep, in its memory.
    Shared64x64,
    /// 64 rows by 128 columns for each workgroup, 16 deep, in its memory.
    Shared64x128,
}

impl Tile {
    /// All of them, those first that take less to compile.
    pub const ALL: [Self; 4] = [
        Self::Registers4x4,
        Self::Registers8x8,
        Self::Shared64x64,
        Self::Shared64x128,
    ];

    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registers4x4 => "registers-4x4",
            Self::Registers8x8 => "registers-8x8",
            Self::Shared64x64 => "shared-64x64",
            Self::Shared64x128 => "shared-64x128",
        }
    }
}

/// What follows a product.
#[derive(Debug, Clone, Copy)]
pub enum After<'a> {
    /// Nothing.
    Nothing,
    /// A bias, `[d_out]`.
    Bias(&'a Tensor<1>),
    /// A bias, then the activation.
    Activation(&'a Tensor<1>),
    /// A bias, then the residual stream, `[rows, d_out]`, is added.
    Residual(&'a Tensor<1>, &'a Tensor<2>),
}

/// `x @ w` and what follows.
///
/// # Shapes
/// - `x`: whole rows, `[rows, d_in]`, `w`: `[d_in, d_out]`; returns `[rows, d_out]`
pub fn product(
    tile: Tile,
    x: &Part<'_>,
    w: &Part<'_>,
    after: After<'_>,
    activation: Activation,
) -> Option<Tensor<2>> {
    let c = empty(&where_it_is(x.matrix)?, [x.rows.len(), w.columns.len()]);
    into_rows(tile, x, w, after, activation, &c, 0)?;
    Some(tensor(c))
}

/// Products one under the other.
///
/// # Shapes
/// - `products`: whole rows of `x`, `[rows, d_in]`, and `w`, `[d_in, d_out]`, with one `d_out`; returns `[all rows, d_out]`
pub fn stacked(
    tile: Tile,
    products: &[[Part<'_>; 2]],
    activation: Activation,
) -> Option<Tensor<2>> {
    let [x, w] = products.first()?;
    let rows = products.iter().map(|[x, _]| x.rows.len()).sum();
    let c = empty(&where_it_is(x.matrix)?, [rows, w.columns.len()]);
    let mut first = 0;
    for [x, w] in products {
        into_rows(tile, x, w, After::Nothing, activation, &c, first)?;
        first += x.rows.len();
    }
    Some(tensor(c))
}

/// The product of each of several matrices with one of as many: see [`matmul`](crate::ops::matmul).
pub fn batched<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> Option<Tensor<D>> {
    let (mut shape, of_b) = (a.dims(), b.dims());
    let [m, k, n] = [shape[D - 2], shape[D - 1], of_b[D - 1]];
    shape[D - 1] = n;
    let matrices = shape[..D - 2].iter().product::<usize>();
    // One after the other.
    let a = tensor::<D>(buffer(a)?).reshape([matrices * m, k]);
    let b = tensor::<D>(buffer(b)?).reshape([matrices * k, n]);
    let products = (0..matrices).map(|i| [Part::rows(&a, i * m, m), Part::rows(&b, i * k, k)]);
    let products: Vec<[Part<'_>; 2]> = products.collect();
    let stacked = stacked(Tile::Registers4x4, &products, Activation::GeluTanh)?;
    Some(stacked.reshape(shape))
}

/// A product into the rows of `c` from `first` on.
fn into_rows(
    tile: Tile,
    x: &Part<'_>,
    w: &Part<'_>,
    after: After<'_>,
    activation: Activation,
    c: &CubeTensor,
    first: usize,
) -> Option<()> {
    let [_, depth] = x.matrix.dims();
    let (rows, width) = (x.rows.len(), w.columns.len());
    if rows == 0 || width == 0 || x.columns.len() != depth {
        return None;
    }
    let [of_w, columns_of_w] = w.matrix.dims();
    assert_eq!(w.rows.len(), depth, "columns of x and rows of w");
    assert!(
        x.rows.end <= x.matrix.dims()[0] && w.rows.end <= of_w && w.columns.end <= columns_of_w,
        "parts of their matrices"
    );
    let (a, b) = (buffer(x.matrix)?, where_it_is(w.matrix)?);
    let nothing = || empty(&a, [4]);
    match after {
        After::Bias(b) | After::Activation(b) | After::Residual(b, _) => {
            assert_eq!(b.dims(), [width], "a bias for each column");
        }
        After::Nothing => {}
    }
    if let After::Residual(_, resid) = after {
        assert_eq!(resid.dims(), [rows, width], "the residual stream's shape");
    }
    let (bias, resid, after) = match after {
        After::Nothing => (nothing(), nothing(), 0),
        After::Bias(b) => (buffer(b)?, nothing(), 1),
        After::Activation(b) => (buffer(b)?, nothing(), 2),
        After::Residual(b, resid) => (buffer(b)?, buffer(resid)?, 3),
    };
    let (b, is_transposed) = match b.meta.strides()[..] {
        [stride, 1] if stride >= width => (b, false),
        [1, stride] if stride >= depth => (b, true),
        _ => (contiguous(b), false),
    };
    let [by_row, by_column] = [0, 1].map(|i| b.meta.strides()[i]);
    let stride = if is_transposed { by_column } else { by_row };
    let start_b = w.rows.start * by_row + w.columns.start * by_column;
    let launch = Launch {
        a,
        b,
        bias,
        resid,
        c: c.clone(),
        shape: [rows, depth, width, stride],
        start: [x.rows.start * depth, start_b, first * width],
        after,
        activation,
    };
    match tile {
        _ if is_transposed => transposed::launch(launch),
        _ if launch.vector_size() == 1 => registers::launch(launch, [4, 1]),
        Tile::Registers4x4 => registers::launch(launch, [4, 1]),
        Tile::Registers8x8 => registers::launch(launch, [8, 2]),
        Tile::Shared64x64 => shared::launch(launch, 1),
        Tile::Shared64x128 => shared::launch(launch, 2),
    }
    Some(())
}
