//! Sums, `exp` and GELU that the compiler can vectorise.

/// Independent partial sums of a reduction: one AVX-512 register, or four of 128 bits.
const LANES: usize = 16;

/// Sum of `f` over a row. Separate lanes, since the order of float additions binds the compiler.
#[inline(always)]
pub fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        for i in 0..LANES {
            lanes[i] += f(block[i]);
        }
    }
    let rest: f32 = rest.iter().map(|x| f(*x)).sum();
    lanes.iter().sum::<f32>() + rest
}

#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// GPT-2's GELU, `x/2 (1 + tanh(u))` with `u = sqrt(2/pi) (x + 0.044715 x^3)`, by way of
/// `(1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))`.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    const MINUS_TWO_ROOT: f32 = -1.595_769;
    x / (1.0 + exp(MINUS_TWO_ROOT * (x + 0.044_715 * x * x * x)))
}

/// `e^x` to 2 units in the last place: `2^n e^r` with `|r| <= ln(2)/2`, and Cephes's polynomial for `e^r`.
/// Below -87 and above 88 it stays at the value there. NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Added and taken away again, it leaves the nearest integer; its low bits then hold that integer.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let e_r = p * r * r + r + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    e_r * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_2_units_in_the_last_place() {
        for i in -870_000..=880_000 {
            let x = i as f32 * 1e-4;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) / exact - 1.0).abs();
            assert!(error < 2.4e-7, "exp({x}): {error}");
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(-1e30) < 1e-37);
    }

    #[test]
    fn gelu_is_that_of_f64() {
        for i in -200_000..=200_000 {
            let x = f64::from(i) * 1e-4;
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            let exact = 0.5 * x * (1.0 + u.tanh());
            let error = (f64::from(gelu(x as f32)) - exact).abs();
            assert!(error < 1e-6 * x.abs().max(1.0), "gelu({x}): {error}");
        }
        assert!(gelu(f32::NAN).is_nan());
    }
}
