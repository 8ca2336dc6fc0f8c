//! Attention of a chunk of edges over a past that they share, by a loop and by products, in turns; the least of all times
//! counts.
//!
//! 51 edges of one prompt, 5 rows each, 12 heads of 64: a chunk of GPT-2 small.

use std::{hint::black_box, time::Instant};

use pathpatch_kernels::{Attention, Kernel, attend};

const EDGES: usize = 51;
const ROWS: usize = 5;
const HEADS: usize = 12;
const D_MODEL: usize = 768;
/// How often each way is timed.
const ROUNDS: usize = 30;

fn main() {
    let number = |i: usize| (i * 37 % 101) as f32 / 50.0 - 1.0;
    let numbers = |n: usize| -> Vec<f32> { (0..n).map(number).collect() };
    let mut qkv = numbers(EDGES * ROWS * 3 * D_MODEL);
    // It is added each time.
    let bias = vec![0.0; 3 * D_MODEL];
    println!("| past | by a loop, ms | by products, ms | times as fast |");
    println!("| --: | --: | --: | --: |");
    for past in [16, 32, 64, 128, 300, 1000] {
        let [past_k, past_v] = [0, 1].map(|_| numbers(past * D_MODEL));
        let mut least = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            for (kernel, least) in [None, Some(Kernel::Gemm)].into_iter().zip(&mut least) {
                let attention = Attention {
                    kernel,
                    qkv: &mut qkv,
                    bias: &bias,
                    past_k: &past_k,
                    past_v: &past_v,
                    queries: None,
                    prompts: 1,
                    rows: ROWS,
                    n_heads: HEADS,
                };
                let start = Instant::now();
                black_box(attend(attention));
                *least = least.min(start.elapsed().as_secs_f64());
            }
        }
        let [by_loop, products] = least.map(|seconds| 1e3 * seconds);
        println!(
            "| {past} | {by_loop:.2} | {products:.2} | {:.2} |",
            by_loop / products
        );
    }
}
