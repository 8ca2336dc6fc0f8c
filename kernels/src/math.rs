//! Sums, `exp`, `erf` and the activation functions of GPT-2 models, written so that the compiler can vectorise them.

/// Number of independent partial sums in a reduction: they fill one AVX-512 register, or four of 128 bits.
const LANES: usize = 16;

/// Sum of `f` over a row. It uses separate lanes because the compiler may not reorder float additions.
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

/// The largest number of a row; what is no number is passed over.
#[inline(always)]
pub fn largest(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    for block in blocks {
        for i in 0..LANES {
            lanes[i] = larger(lanes[i], block[i]);
        }
    }
    lanes
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, larger)
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

/// GPT-2's GELU, `x/2 (1 + tanh(u))` with `u = sqrt(2/pi) (x + 0.044715 x^3)`, computed with
/// `(1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))`.
#[inline(always)]
pub fn gelu_tanh(x: f32) -> f32 {
    const MINUS_TWO_ROOT: f32 = -1.595_769;
    x / (1.0 + exp(MINUS_TWO_ROOT * (x + 0.044_715 * x * x * x)))
}

/// The exact GELU, `x/2 (1 + erf(x / sqrt(2)))`.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(std::f32::consts::FRAC_1_SQRT_2 * x))
}

/// `x / (1 + exp(-slope x))`: SiLU with a slope of 1, CLIP's quick GELU with 1.702.
#[inline(always)]
pub fn swish(x: f32, slope: f32) -> f32 {
    x / (1.0 + exp(-slope * x))
}

/// `max(x, 0)`. NaN stays NaN.
#[inline(always)]
pub fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// Hyperbolic tangent, to 2e-7 absolute.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// Error function, to 3e-7 absolute: the rational function of degree 9 over 12 that Eigen and XLA use. Beyond
/// ±3.8325 it is ±1. NaN stays NaN.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    const LIMIT: f32 = 3.832_507;
    let x = if x < -LIMIT { -LIMIT } else { x };
    let x = if x > LIMIT { LIMIT } else { x };
    let square = x * x;
    let p = 2.290_506_6e-4;
    let p = p * square + 3.408_291e-3;
    let p = p * square + 5.095_569_5e-2;
    let p = p * square + 1.852_083_2e-1;
    let p = p * square + std::f32::consts::FRAC_2_SQRT_PI;
    let q = -1.179_160_3e-7;
    let q = q * square + 2.354_796_6e-5;
    let q = q * square + 1.017_962_5e-3;
    let q = q * square + 1.407_047e-2;
    let q = q * square + 1.109_850_5e-1;
    let q = q * square + 4.974_692_5e-1;
    let q = q * square + 1.0;
    let erf = x * p / q;
    let erf = if erf < -1.0 { -1.0 } else { erf };
    if erf > 1.0 { 1.0 } else { erf }
}

/// `e^x` to 2 units in the last place: `2^n e^r` with `|r| <= ln(2)/2`, and Cephes's polynomial for `e^r`.
/// Below -87 and above 88 it stays at the value there. NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: adding it rounds to an integer, which the low bits of the sum hold; subtracting it gives that integer.
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

    /// Error function in f64: its power series below 3, the continued fraction of `1 - erf` from there.
    fn erf_f64(x: f64) -> f64 {
        if x < 0.0 {
            return -erf_f64(-x);
        }
        if x < 3.0 {
            let (mut term, mut sum) = (x, x);
            for n in 1..200 {
                let n = f64::from(n);
                term *= -x * x / n;
                sum += term / (2.0 * n + 1.0);
            }
            return sum * 2.0 / std::f64::consts::PI.sqrt();
        }
        let mut fraction = 0.0;
        for n in (1..200).rev() {
            fraction = f64::from(n) / 2.0 / (x + fraction);
        }
        1.0 - (-x * x).exp() / (x + fraction) / std::f64::consts::PI.sqrt()
    }

    /// Largest error of `f` against `exact` from -20 to 20, relative to the argument where that is above 1.
    fn largest_error(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let numbers = (-200_000..=200_000).map(|i| i as f32 * 1e-4);
        let errors = numbers.map(|x| {
            let wide = f64::from(x);
            (f64::from(f(x)) - exact(wide)).abs() / wide.abs().max(1.0)
        });
        errors.fold(0.0, f64::max)
    }

    #[test]
    fn erf_agrees_with_f64() {
        for (x, published) in [
            (0.5, 0.520_499_877_813_046_5),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
            (4.0, 0.999_999_984_582_742_1),
        ] {
            let error: f64 = erf_f64(x) - published;
            assert!(error.abs() < 1e-14, "the oracle at {x}: {error}");
        }
        let error = largest_error(erf, erf_f64);
        assert!(error < 3e-7, "{error}");
        assert!(erf(f32::NAN).is_nan());
        assert_eq!(
            [erf(f32::INFINITY), erf(1e30), erf(-1e30)],
            [1.0, 1.0, -1.0]
        );
    }

    #[test]
    fn activations_agree_with_f64() {
        let root = (2.0 / std::f64::consts::PI).sqrt();
        let error = largest_error(gelu_tanh, |x| {
            0.5 * x * (1.0 + (root * (x + 0.044715 * x * x * x)).tanh())
        });
        assert!(error < 1e-6, "gelu_tanh: {error}");
        let error = largest_error(gelu, |x| {
            0.5 * x * (1.0 + erf_f64(x / std::f64::consts::SQRT_2))
        });
        assert!(error < 3e-7, "gelu: {error}");
        for slope in [1.0, 1.702] {
            let swish = |x| swish(x, slope);
            let slope = f64::from(slope);
            let error = largest_error(swish, |x| x / (1.0 + (-slope * x).exp()));
            assert!(error < 3e-7, "swish of {slope}: {error}");
        }
        let error = largest_error(tanh, f64::tanh);
        assert!(error < 2e-7, "tanh: {error}");
        let error = largest_error(relu, |x| x.max(0.0));
        assert!(error == 0.0, "relu: {error}");
    }

    /// For large arguments, activations reach their asymptotes.
    #[test]
    fn activations_of_large_numbers_and_nan() {
        type Function = fn(f32) -> f32;
        let all: [(&str, Function); 6] = [
            ("gelu_tanh", gelu_tanh),
            ("gelu", gelu),
            ("silu", |x| swish(x, 1.0)),
            ("quick_gelu", |x| swish(x, 1.702)),
            ("relu", relu),
            ("tanh", tanh),
        ];
        for (name, f) in all {
            assert!(f(f32::NAN).is_nan(), "{name}");
            for x in [20.0, 1e3, 1e15, 1e30] {
                let limits = if name == "tanh" {
                    [-1.0, 1.0]
                } else {
                    [0.0, x]
                };
                let error = [f(-x) - limits[0], f(x) - limits[1]].map(f32::abs);
                assert!(error[0] <= 1e-7 * x && error[1] <= 1e-7 * x, "{name}({x})");
            }
        }
    }
}
