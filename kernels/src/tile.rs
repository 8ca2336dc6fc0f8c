//! A tile in plain Rust, for browsers that do not know the relaxed `madd`.

const ROWS: usize = 3;
const COLS: usize = 12;

/// `c += a @ b`, 3 rows by 12 columns.
///
/// # Safety
/// As for any [`Tile`](crate::Tile).
pub unsafe extern "C" fn plain_tile(
    a: *const f32,
    b: *const f32,
    depth: usize,
    c: *mut f32,
    stride: usize,
) {
    // SAFETY: these are the caller's promises: `a` is `[depth, 3]` and `b` `[depth, 12]`.
    let (a, b) = unsafe {
        (
            std::slice::from_raw_parts(a.cast::<[f32; ROWS]>(), depth),
            std::slice::from_raw_parts(b.cast::<[f32; COLS]>(), depth),
        )
    };
    let mut sums = [[0.0; COLS]; ROWS];
    for (a, b) in a.iter().zip(b) {
        for i in 0..ROWS {
            for j in 0..COLS {
                sums[i][j] += a[i] * b[j];
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        // SAFETY: `c` has three rows of 12 numbers, `stride` bytes apart.
        let row = unsafe { &mut *c.byte_add(i * stride).cast::<[f32; COLS]>() };
        row.iter_mut().zip(sums).for_each(|(c, sum)| *c += sum);
    }
}
