//! Which product is fastest on a GPU.
//!
//! A device with a queue accepts products faster than it computes them, so the clock is read when the queue is empty again.
//! That takes 2 to 15 ms in a browser, more than many products: so products are queued until emptying the queue is small
//! beside them, and what it takes with nothing in it is taken off. The kernels are timed in turn, several times, and the
//! shortest time of each counts, since whatever disturbs makes it longer.

use burn::tensor::Device;

use crate::{error::Result, gpt2::Config, ops::Product};

#[cfg(not(feature = "webgpu"))]
pub(super) async fn choose(_: &Device, _: &Config) -> Result<Product> {
    Ok(Product::Burn)
}

#[cfg(feature = "webgpu")]
pub(super) use on_gpu::choose;

#[cfg(feature = "webgpu")]
mod on_gpu {
    use burn::tensor::{Int, Tensor, TensorData};
    use web_time::Instant;

    use super::*;
    use crate::{
        error::{Code, Error},
        ops::{GpuTile, index, pick},
    };

    /// Rows of a product: as many as take about [`LONG`] seconds, so that adapters that compute on the CPU stay usable.
    const ROWS: std::ops::RangeInclusive<f64> = 64.0..=2048.0;
    const LONG: f64 = 0.01;
    /// Seconds of products between two readings of the clock, and how many times as long as emptying an empty queue.
    const BATCH: f64 = 0.02;
    const DRAINS: f64 = 4.0;
    /// Seconds of products at most: where emptying the queue takes a time like that, something else disturbs.
    const LONGEST_BATCH: f64 = 0.1;
    const MOST_PRODUCTS: usize = 4096;
    /// Seconds of compiling after which no further kernel than the two in registers is tried. Those that come last have memory of the workgroup, which
    /// adapters that compute on the CPU, and compile slowly, do not have.
    const PATIENCE: f64 = 1.5;
    /// How often each kernel is timed.
    const ROUNDS: usize = 3;
    /// A kernel that is so many times slower than the best in the first round is not timed again.
    const SLOW: f64 = 1.5;

    /// The tile that is fastest for a model of this shape.
    ///
    /// # Errors
    /// [`Code::Device`] when the device fails.
    pub async fn choose(device: &Device, config: &Config) -> Result<Product> {
        let product = |tile| Product::Gpu(tile, config.activation);
        let start = Instant::now();
        let mut track = Track::new(device, config, *ROWS.start() as usize);
        let drain = track.drain().await?;
        let first = product(GpuTile::ALL[0]);
        track.seconds(first, 1).await?;
        let of_few = track.seconds(first, 1).await?;
        let rows =
            (ROWS.start() * LONG / (of_few - drain).max(1e-6)).clamp(*ROWS.start(), *ROWS.end());
        track = Track::new(device, config, rows as usize);

        let mut times = Vec::with_capacity(GpuTile::ALL.len());
        for tile in GpuTile::ALL {
            // The first product waits for the kernel to be compiled.
            track.seconds(product(tile), 1).await?;
            times.push((tile, f64::INFINITY));
            if times.len() >= 2 && start.elapsed().as_secs_f64() > PATIENCE {
                break;
            }
        }
        let products = track.products(first, drain).await?;
        for round in 0..ROUNDS {
            let best = times.iter().fold(f64::INFINITY, |best, t| best.min(t.1));
            for (tile, shortest) in &mut times {
                if round == 0 || *shortest < best * SLOW {
                    let seconds = track.seconds(product(*tile), products).await?;
                    *shortest = shortest.min((seconds - drain).max(0.0));
                }
            }
        }
        let fastest = times.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(product(fastest.map_or(GpuTile::ALL[0], |(tile, _)| *tile)))
    }

    /// Products with the weights of an MLP.
    struct Track {
        x: Tensor<2>,
        w: Tensor<2>,
        /// Which row of a product is read.
        first: Tensor<1, Int>,
    }

    impl Track {
        fn new(device: &Device, config: &Config, rows: usize) -> Self {
            // At most 64 MiB: no weight has come yet, and a config.json may name any size.
            let (d_model, d_mlp) = (config.d_model.min(2048), config.d_mlp.min(8192));
            let ones = |shape: [usize; 2]| {
                let numbers = vec![1.0_f32; shape[0] * shape[1]];
                Tensor::from_data(TensorData::new(numbers, shape), device)
            };
            Self {
                x: ones([rows, d_model]),
                w: ones([d_model, d_mlp]),
                first: index([0].into_iter(), device),
            }
        }

        /// Seconds until the queue has been emptied behind a tensor: a row of it is read. A tensor that was there before would
        /// not do, since some drivers give that at once.
        async fn emptied(&self, last: Tensor<2>) -> Result<f64> {
            let start = Instant::now();
            pick(last, &self.first)
                .into_data_async()
                .await
                .map_err(|e| {
                    let what = format!("{:?}", self.x.device());
                    Error::new(Code::Device, what, "a matrix product", e)
                })?;
            Ok(start.elapsed().as_secs_f64())
        }

        /// Seconds to empty a queue with nothing in it.
        async fn drain(&self) -> Result<f64> {
            let mut shortest = f64::INFINITY;
            for _ in 0..=ROUNDS {
                shortest = shortest.min(self.emptied(self.x.clone()).await?);
            }
            Ok(shortest)
        }

        /// Seconds of so many products, the emptying of the queue included.
        async fn seconds(&self, product: Product, products: usize) -> Result<f64> {
            let start = Instant::now();
            let mut last = self.x.clone();
            for _ in 0..products {
                last = product.matmul(self.x.clone(), &self.w);
            }
            self.emptied(last).await?;
            Ok(start.elapsed().as_secs_f64())
        }

        /// How many products it takes for a drain to be small beside them.
        async fn products(&self, product: Product, drain: f64) -> Result<usize> {
            let enough = (DRAINS * drain).clamp(BATCH, LONGEST_BATCH);
            let mut products = 1;
            while products < MOST_PRODUCTS
                && self.seconds(product, products).await? - drain < enough
            {
                products *= 2;
            }
            Ok(products)
        }
    }
}
