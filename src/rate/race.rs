//! Which product is fastest on a GPU.
//!
//! A device with a queue accepts products faster than it computes them, so the clock is read when the queue is empty again.
//! That takes 2 to 15 ms in a browser, more than many products: so products are queued until emptying the queue is small
//! beside them, and what it takes with nothing in it is taken off. The kernels are timed in turn, several times, and the
//! shortest time of each counts, since whatever disturbs makes it longer.

use burn::tensor::Device;

use crate::{device::WeightType, error::Result, gpt2::Config, ops::Product};

#[cfg(not(feature = "webgpu"))]
pub(super) async fn choose(_: &Device, _: &Config, _: WeightType) -> Result<(Product, bool)> {
    Ok((Product::Burn, true))
}

#[cfg(feature = "webgpu")]
pub(super) use on_gpu::choose;

#[cfg(feature = "webgpu")]
mod on_gpu {
    use web_time::Instant;

    use super::{super::bare::BareProducts, *};
    use crate::ops::GpuTile;

    /// Rows of a product: as many as take about [`LONG`] seconds, so that adapters that compute on the CPU stay usable.
    const ROWS: std::ops::RangeInclusive<f64> = 64.0..=2048.0;
    const LONG: f64 = 0.02;
    /// Seconds of products between two readings of the clock, and how many times as long as emptying an empty queue.
    const BATCH: f64 = 0.02;
    const DRAINS: f64 = 4.0;
    /// Seconds of products at most: where emptying the queue takes a time like that, something else disturbs.
    const LONGEST_BATCH: f64 = 0.1;
    const MOST_PRODUCTS: usize = 1024;
    /// Seconds of compiling after which no further kernel than the two in registers is tried. Those that come last have memory
    /// of the workgroup, which adapters that compute on the CPU, and compile slowly, do not have.
    const PATIENCE: f64 = 1.5;
    /// How often each kernel is timed.
    const ROUNDS: usize = 5;
    /// A kernel that is so many times slower than the best until then is not timed again.
    const SLOW: f64 = 1.25;

    /// The tile that is fastest for a model of this shape, and whether all were tried.
    ///
    /// # Errors
    /// [`Code::Device`](crate::error::Code::Device) when the device fails.
    pub async fn choose(
        device: &Device,
        config: &Config,
        weights: WeightType,
    ) -> Result<(Product, bool)> {
        let product = |tile| Product::Gpu(tile, config.activation);
        let start = Instant::now();
        let mut bare = BareProducts::new(device, config, weights, *ROWS.start() as usize);
        let first = product(GpuTile::ALL[0]);
        let mut drain = f64::INFINITY;
        for _ in 0..ROUNDS {
            drain = drain.min(bare.seconds(first, 0).await?);
        }
        bare.seconds(first, 1).await?;
        let of_few = bare.seconds(first, 1).await?;
        let rows =
            (ROWS.start() * LONG / (of_few - drain).max(1e-6)).clamp(*ROWS.start(), *ROWS.end());
        bare = BareProducts::new(device, config, weights, rows as usize);

        let mut times = Vec::with_capacity(GpuTile::ALL.len());
        for tile in GpuTile::ALL {
            // The first product waits for the kernel to be compiled.
            bare.seconds(product(tile), 1).await?;
            times.push((tile, f64::INFINITY));
            if times.len() >= 2 && start.elapsed().as_secs_f64() > PATIENCE {
                break;
            }
        }
        let products = enough(&bare, first, drain).await?;
        for round in 0..ROUNDS {
            let best = times.iter().fold(f64::INFINITY, |best, t| best.min(t.1));
            for (tile, shortest) in &mut times {
                if round == 0 || *shortest < best * SLOW {
                    let seconds = bare.seconds(product(*tile), products).await?;
                    *shortest = shortest.min((seconds - drain).max(0.0));
                }
            }
        }
        let fastest = times.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let fastest = fastest.map_or(GpuTile::ALL[0], |(tile, _)| *tile);
        Ok((product(fastest), times.len() == GpuTile::ALL.len()))
    }

    /// How many times the products take to be repeated for a drain to be small beside them.
    async fn enough(bare: &BareProducts, product: Product, drain: f64) -> Result<usize> {
        let enough = (DRAINS * drain).clamp(BATCH, LONGEST_BATCH);
        let mut products = 1;
        while products < MOST_PRODUCTS && bare.seconds(product, products).await? - drain < enough {
            products *= 2;
        }
        Ok(products)
    }
}
