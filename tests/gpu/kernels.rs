//! Each kernel against what the CPU computes, on random shapes. The CPU's loops are held to f64 where they are.

use burn::tensor::{DType, Device, Tensor, TensorData};
use pathpatch::ops::{
    self, Activation, GpuTile, HeadInput, OneRow, Part, Past, Product, Queries, Shown, attend,
    attention, by_head, cat, causal_mask, has_f16, layer_norm, look_up, norm_change, normalise,
    through_norm,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::gpu;

/// Difference allowed, relative to the size of the numbers.
const TOLERANCE: f32 = 1e-5;

/// Random numbers, and both devices.
struct Both {
    gpu: Device,
    random: ChaCha8Rng,
}

impl Both {
    fn new(gpu: Device) -> Self {
        let random = ChaCha8Rng::seed_from_u64(14);
        Self { gpu, random }
    }

    fn below(&mut self, n: usize) -> usize {
        self.random.random_range(0..n)
    }

    /// The same numbers on the GPU and on the CPU, of about this size.
    fn tensors<const D: usize>(&mut self, shape: [usize; D], size: f32) -> [Tensor<D>; 2] {
        let n = shape.iter().product();
        let number = |_| {
            (0..4)
                .map(|_| self.random.random_range(-size..size))
                .sum::<f32>()
                / 2.0
        };
        let numbers: Vec<f32> = (0..n).map(number).collect();
        [self.gpu.clone(), Device::flex()]
            .map(|device| Tensor::from_data(TensorData::new(numbers.clone(), shape), &device))
    }
}

fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_into_vec().unwrap()
}

#[track_caller]
fn assert_same<const D: usize>(gpu: Tensor<D>, cpu: Tensor<D>, what: &str) {
    assert_eq!(gpu.dims(), cpu.dims(), "{what}");
    let (gpu, cpu) = (numbers(gpu), numbers(cpu));
    let size = cpu.iter().fold(1.0_f32, |size, x| size.max(x.abs()));
    for (i, (a, b)) in gpu.iter().zip(&cpu).enumerate() {
        let is_same = (a - b).abs() <= TOLERANCE * size;
        assert!(
            is_same,
            "{what}: number {i} is {a} on the GPU, {b} on the CPU"
        );
    }
}

#[test]
fn rows_are_normalised() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for _ in 0..6 {
        let (rows, width) = (1 + both.below(70), 1 + both.below(300));
        for width in [width, 4 * width] {
            let what = format!("{rows} rows of {width}");
            let [x, y] = both.tensors([rows, width], 3.0);
            assert_same(
                normalise(x.clone(), 1e-5),
                normalise(y.clone(), 1e-5),
                &what,
            );
            let [(x, x_scale), (y, y_scale)] = [x, y].map(|x| layer_norm(x, 1e-5));
            assert_same(x, y, &what);
            assert_same(x_scale, y_scale, &what);
        }
    }
    for is_frozen in [true, false] {
        let [x, y] = both.tensors([5, 36], 2.0);
        let [d, e] = both.tensors([3, 5, 36], 1.0);
        let ours = norm_change(&x, d.clone(), 1e-5, is_frozen);
        assert_same(ours, norm_change(&y, e.clone(), 1e-5, is_frozen), "change");
        // A few rows for many gradients.
        let [x, y] = [x, y].map(Tensor::unsqueeze);
        assert_same(
            through_norm(x, 1e-5, d),
            through_norm(y, 1e-5, e),
            "backwards",
        );
    }
    // More rows than one dimension of a launch has workgroups.
    let [x, y] = both.tensors([70_001, 2], 1.0);
    assert_same(normalise(x, 1e-5), normalise(y, 1e-5), "many rows");
}

const ACTIVATIONS: [Activation; 6] = [
    Activation::GeluTanh,
    Activation::Gelu,
    Activation::QuickGelu,
    Activation::Silu,
    Activation::Relu,
    Activation::Tanh,
];

#[test]
fn products_and_what_follows_them() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for tile in GpuTile::ALL {
        for (round, activation) in ACTIVATIONS.into_iter().enumerate() {
            let [m, k, n] = [70, 90, 90].map(|most| 1 + both.below(most));
            // Whole vectors, in which numbers are read, and not.
            let [k, n] = [k, n].map(|n| if round < 4 { 4 * n } else { n });
            let [x, y] = both.tensors([m, k], 1.0);
            let [v, w] = both.tensors([k, n], 1.0);
            let [vt, _] = [v.clone(), w.clone()].map(|w| w.transpose());
            let [b, c] = both.tensors([n], 1.0);
            let [r, s] = both.tensors([m, n], 1.0);
            let (ours, plain) = (Product::Gpu(tile, activation), Product::Burn);
            let what = format!("{} {m} {k} {n} {activation:?}", tile.as_str());

            let expected = plain.matmul(y.clone(), &w);
            assert_same(ours.matmul(x.clone(), &v), expected.clone(), &what);
            // A view of the transpose, read where it is.
            let stored = Tensor::<2>::from_data(vt.into_data(), &both.gpu);
            let transposed = stored.transpose();
            assert_same(ours.matmul(x.clone(), &transposed), expected, &what);
            let expected = plain.with_bias(y.clone(), &w, &c);
            assert_same(ours.with_bias(x.clone(), &v, &b), expected.clone(), &what);
            assert_same(ours.with_bias(x.clone(), &transposed, &b), expected, &what);
            assert_same(
                ours.activated(x.clone(), &v, &b, activation),
                plain.activated(y.clone(), &w, &c, activation),
                &what,
            );
            assert_same(ours.add_to(r, x, &v, &b), plain.add_to(s, y, &w, &c), &what);
        }
    }
}

/// Some columns and some rows of wider weights, and some rows of the input.
#[test]
fn products_of_parts() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    let [x, y] = both.tensors([200, 64], 1.0);
    let [v, w] = both.tensors([128, 192], 1.0);
    for tile in GpuTile::ALL {
        let ours = Product::Gpu(tile, Activation::Relu);
        for (first_row, first, n) in [(0, 64, 64), (64, 128, 64), (3, 17, 20), (64, 0, 192)] {
            let part = |w: &Tensor<2>| w.clone().narrow(0, first_row, 64).narrow(1, first, n);
            let rows = |x: &Tensor<2>| x.clone().narrow(0, 7, 90);
            let expected = Product::Burn.matmul(rows(&y), &part(&w));
            assert_same(ours.matmul(rows(&x), &part(&v)), expected.clone(), "views");
            let w_on_cpu = w.clone();
            let w = Part {
                matrix: &v,
                rows: first_row..first_row + 64,
                columns: first..first + n,
            };
            let rows = Part::rows(&x, 7, 90);
            assert_same(ours.of_parts(rows, w.clone()), expected, "parts");
            let on_cpu = Part {
                matrix: &w_on_cpu,
                ..w.clone()
            };
            let stacked = |product: Product, x: &Tensor<2>, w: &Part<'_>| {
                let rows = |first, n| Part::rows(x, first, n);
                product.stacked(&[[rows(7, 5), w.clone()], [rows(90, 70), w.clone()]])
            };
            let expected = stacked(Product::Burn, &y, &on_cpu);
            assert_same(stacked(ours, &x, &w), expected, "stacked");
        }
    }
}

/// Weights that are stored as f16 are read as they are by products, and made f32 for everything else.
#[test]
fn weights_that_are_stored_as_f16() {
    let (device, _one) = gpu();
    if !has_f16(&device) {
        println!("this adapter has no f16");
        return;
    }
    let mut both = Both::new(device);
    for tile in GpuTile::ALL {
        for [m, k, n] in [[70, 64, 96], [5, 33, 7], [1, 4, 300]] {
            let [x, y] = both.tensors([m, k], 1.0);
            let [v, _] = both.tensors([k, n], 1.0);
            let v = v.cast(DType::F16);
            assert_eq!(v.dtype(), DType::F16);
            // Both have the rounded numbers.
            let rounded = v.clone().into_data().convert::<f32>();
            let w = Tensor::<2>::from_data(rounded.clone(), &Device::flex());
            let expected = Product::Burn.matmul(y.clone(), &w);
            let ours = Product::Gpu(tile, Activation::GeluTanh);
            assert_same(ours.matmul(x.clone(), &v), expected.clone(), tile.as_str());
            let stored =
                Tensor::<2>::from_data(v.clone().transpose().into_data(), (&both.gpu, DType::F16));
            assert_same(
                ours.matmul(x.clone(), &stored.transpose()),
                expected,
                "transposed",
            );
            let rows = [k - 1, 0];
            let ids = rows.map(|row| row as u32);
            let found = look_up(&[v.clone()], &ids, Shown::Plain);
            assert_same(found, look_up(&[w.clone()], &ids, Shown::Plain), "rows");
            let [q, _] = both.tensors([n, 3], 1.0);
            let q_on_cpu = Tensor::<2>::from_data(q.clone().into_data(), &Device::flex());
            assert_same(
                ops::matmul(v.clone(), q),
                ops::matmul(w.clone(), q_on_cpu),
                "on the left",
            );
            let part = |w: &Tensor<2>| w.clone().narrow(1, n / 3, 2);
            assert_same(
                cat(vec![part(&v), part(&v)], 0),
                cat(vec![part(&w), part(&w)], 0),
                "put together",
            );
        }
    }
}

#[test]
fn products_of_many_matrices() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for [m, k, n] in [[5, 16, 8], [3, 7, 2], [70, 64, 90]] {
        let [x, y] = both.tensors([2, 3, m, k], 1.0);
        let [v, w] = both.tensors([2, 3, k, n], 1.0);
        let expected = ops::matmul(y, w.clone());
        assert_same(
            ops::matmul(x.clone(), v.clone()),
            expected.clone(),
            "as they are",
        );
        // Views of transposes.
        let [x, v] = [x, v].map(|x| {
            let stored = Tensor::<4>::from_data(x.transpose().into_data(), &both.gpu);
            stored.transpose()
        });
        assert_same(ops::matmul(x, v), expected, "transposed");
    }
}

#[test]
fn activations_of_large_numbers_are_numbers() {
    let (device, _one) = gpu();
    let large = [-1e30_f32, -1e15, -301.0, -50.0, 50.0, 301.0, 1e15, 1e30];
    let x = |device: &Device| Tensor::<2>::from_data([large], device);
    let eye = |device: &Device| Tensor::<2>::eye(8, device);
    let zero = |device: &Device| Tensor::<1>::zeros([8], device);
    for activation in ACTIVATIONS {
        let on = |product: Product, device: &Device| {
            numbers(product.activated(x(device), &eye(device), &zero(device), activation))
        };
        let gpu = on(Product::Gpu(GpuTile::Registers8x8, activation), &device);
        let cpu = on(Product::Burn, &Device::flex());
        for ((gpu, cpu), x) in gpu.iter().zip(&cpu).zip(large) {
            let is_same = (gpu - cpu).abs() <= 1e-5 * x.abs();
            assert!(
                is_same,
                "{activation:?}({x}): {gpu} on the GPU, {cpu} on the CPU"
            );
        }
    }
}

#[test]
fn attention_of_rows_over_a_past() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for (heads, d_head) in [(4, 16), (3, 64), (2, 5), (1, 80)] {
        for before in [0, 1, 15, 33, 150] {
            let [prompts, edges, rows] = [2, 3, 9].map(|most| 1 + both.below(most));
            let width = 3 * heads * d_head;
            let sequences = prompts * edges;
            let [x, y] = both.tensors([sequences * rows, width], 2.0);
            let [b, c] = both.tensors([width], 1.0);
            let [[k, l], [v, w]] =
                [(); 2].map(|()| both.tensors([prompts, heads, before.max(1), d_head], 2.0));
            let past = [Past { k, v }, Past { k: l, v: w }];
            let [on_gpu, on_cpu] = past.each_ref().map(|past| (before > 0).then_some(past));
            let one = (0..prompts).map(|_| both.below(rows)).collect();
            let one = OneRow::new(one, &both.gpu);
            for queries in [Queries::All, Queries::One(&one)] {
                let what = format!(
                    "{heads} heads of {d_head}, {before} + {rows}, {prompts} x {edges}, {queries:?}"
                );
                // Without a past, all prompts are alike: one is as good as several.
                let ours = attend(Product::Burn, x.clone(), &b, heads, on_gpu, rows, queries);
                let expected = attend(Product::Burn, y.clone(), &c, heads, on_cpu, rows, queries);
                assert_same(ours, expected, &what);
            }
            let [ours, expected] = [(x, b), (y, c)].map(|(x, b)| by_head(x, &b, heads, sequences));
            for (ours, expected) in ours.into_iter().zip(expected) {
                assert_same(ours, expected, "by head");
            }
        }
    }
}

/// Scores far beyond what `exp` holds: one key takes nearly all of the weight. Which one is told to the precision of the
/// scores, which are about 1e5.
#[test]
fn attention_with_large_scores() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    let [x, y] = both.tensors([40, 3 * 32], 300.0);
    let [b, c] = both.tensors([3 * 32], 1.0);
    let ours = attend(Product::Burn, x, &b, 2, None, 40, Queries::All);
    let expected = attend(Product::Burn, y, &c, 2, None, 40, Queries::All);
    for (a, b) in numbers(ours).into_iter().zip(numbers(expected)) {
        assert!((a - b).abs() < 10.0, "{a} on the GPU, {b} on the CPU");
    }
}

#[test]
fn a_patched_heads_change_of_z() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for (heads, d_head) in [(4, 16), (3, 64), (2, 5)] {
        for before in [0, 3, 40] {
            let [prompts, rows] = [3, 20].map(|most| 1 + both.below(most));
            let mut of = |n, pos| both.tensors([n, prompts, pos, d_head], 1.5);
            let ([q, w], [z, y]) = (of(heads, rows), of(heads, rows));
            let [[k, l], [v, x]] = [(); 2].map(|()| of(heads, before + rows));
            let [d, e] = of(6, rows);
            let inputs = [HeadInput::Q, HeadInput::K, HeadInput::V];
            let of: Vec<_> = (0..6).map(|i| (i % heads, inputs[i / 2])).collect();
            let ours = ops::change_of_z(Product::Burn, &d, &of, [&q, &k, &v, &z]);
            let expected = ops::change_of_z(Product::Burn, &e, &of, [&w, &l, &x, &y]);
            assert_same(ours, expected, &format!("{heads} {d_head} {before} {rows}"));
        }
    }
}

#[test]
fn attention_backwards() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for (heads, d_head) in [(4, 16), (3, 64), (2, 5)] {
        for before in [0, 3, 40] {
            let (batch, rows) = (1 + both.below(3), 1 + both.below(40));
            let mut of = |pos| both.tensors([heads, batch, pos, d_head], 1.5);
            let ([q, x], [k, y], [v, z]) = (of(rows), of(before + rows), of(before + rows));
            let [g, h] = of(rows);
            let ours = ops::attention_backwards([&q, &k, &v], &g).unwrap().by_qkv;
            let expected = plain_backwards([x, y, z], h);
            assert_same(ours, expected, &format!("{heads} {d_head} {before} {rows}"));
        }
    }
}

/// The same in operations, as `gradient` has it for the CPU.
fn plain_backwards([q, k, v]: [Tensor<4>; 3], g: Tensor<4>) -> Tensor<2> {
    let [heads, batch, rows, d_head] = q.dims();
    let pos = k.dims()[2];
    let mask = causal_mask(rows, pos, &Device::flex()).unsqueeze();
    let (pattern, _) = attention(q.clone(), k.clone(), v.clone(), mask);
    let by_pattern = g.clone().matmul(v.transpose());
    let mean = (pattern.clone() * by_pattern.clone()).sum_dim(3);
    let scores = pattern.clone() * (by_pattern - mean) / (d_head as f64).sqrt();
    let on_rows = |x: Tensor<4>| x.narrow(2, pos - rows, rows);
    let by_qkv = [
        scores.clone().matmul(k),
        on_rows(scores.transpose().matmul(q)),
        on_rows(pattern.transpose().matmul(g)),
    ];
    let flat = |x: Tensor<4>| {
        x.permute([1, 2, 0, 3])
            .reshape([batch * rows, heads * d_head])
    };
    Tensor::cat(by_qkv.map(flat).to_vec(), 1)
}

#[test]
fn activations_backwards() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for activation in ACTIVATIONS {
        for width in [7, 24] {
            let [x, y] = both.tensors([9, width], 3.0);
            let [g, h] = both.tensors([9, width], 1.0);
            let [ours, expected] = [(x, g), (y, h)].map(|(x, g)| activation.backwards(x, g));
            assert_same(ours, expected, activation.as_str());
        }
    }
}

#[test]
fn one_row_of_each_sequence() {
    let (device, _one) = gpu();
    let mut both = Both::new(device);
    for width in [7, 24] {
        let [prompts, edges, rows] = [3, 4, 9].map(|most| 1 + both.below(most));
        let one = (0..prompts).map(|_| both.below(rows)).collect();
        let one = OneRow::new(one, &both.gpu);
        let queries = Queries::One(&one);
        let [x, y] = both.tensors([prompts * edges * rows, width], 1.0);
        let [x, y] = [x, y].map(|x| queries.select(x, rows));
        assert_same(x.clone(), y.clone(), "taken");
        let [x, y] = [x, y].map(|x| queries.put_back(x, rows));
        assert_same(x, y, "put back");
    }
}
