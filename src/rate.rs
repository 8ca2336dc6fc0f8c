//! What a device's matrix product can do at its best: the yardstick for a sweep's speed.

mod race;

use burn::tensor::{Device, Tensor};
use web_time::{Duration, Instant};

use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
    ops::{Product, on_cpu},
    pause::Pause,
};

/// Long enough for a steady figure, short enough for a page.
const MEASURED: Duration = Duration::from_millis(500);

/// Floating-point operations a second of bare products of so many rows with a block's four weights, each
/// weighed by its share of a block's operations.
///
/// # Errors
/// [`Code::Device`] when the device fails, or that of `pause`, which is asked several times a second.
pub async fn matmul_rate(
    device: &Device,
    config: &Config,
    product: Product,
    rows: usize,
    pause: &dyn Pause,
) -> Result<f64> {
    let (d_model, d_mlp) = (config.d_model, config.d_mlp);
    let (mut operations, mut seconds) = (0.0, 0.0);
    for (k, n) in [
        (d_model, 3 * d_model),
        (d_model, d_model),
        (d_model, d_mlp),
        (d_mlp, d_model),
    ] {
        operations += 2.0 * rows as f64 * k as f64 * n as f64;
        seconds += seconds_of_product(device, product, [rows, k, n], MEASURED, pause).await?;
    }
    Ok(operations / seconds)
}

/// What a device has a choice of: on a GPU each of our tiles, on the CPU what multiplies there already.
pub fn products(product: Product) -> Vec<Product> {
    match product {
        #[cfg(feature = "webgpu")]
        Product::Gpu(_, activation) => crate::ops::GpuTile::ALL
            .map(|tile| Product::Gpu(tile, activation))
            .to_vec(),
        _ => vec![product],
    }
}

/// Choose what multiplies on a device for a model of this shape. Which of our kernels for GPUs is fastest differs between
/// GPUs, so it is measured.
///
/// # Errors
/// [`Code::Device`] when the device fails.
pub async fn choose_product(device: &Device, config: &Config) -> Result<Product> {
    match on_cpu(device) {
        true => Ok(Product::Burn),
        false => race::choose(device, config).await,
    }
}

/// Mean seconds of one `[m, k] @ [k, n]`, repeated for at least `measured`; the device's queue is drained before the
/// clock is read.
async fn seconds_of_product(
    device: &Device,
    product: Product,
    [m, k, n]: [usize; 3],
    measured: Duration,
    pause: &dyn Pause,
) -> Result<f64> {
    let ones = |rows, cols| Tensor::<2>::ones([rows, cols], device);
    let (a, b) = (ones(m, k), ones(k, n));
    let drained = async |y: Tensor<2>| {
        let corner = y.narrow(0, 0, 1).narrow(1, 0, 1);
        let read = corner.into_data_async().await;
        read.map_err(|e| {
            let what = format!("{device:?}");
            Error::new(Code::Device, what, "a matrix product", e)
        })
    };
    drained(product.matmul(a.clone(), &b)).await?;
    let start = Instant::now();
    let (mut products, mut together) = (0, 4);
    // A device with a queue accepts products faster than it computes them: wait for a result now and then, and so rarely
    // that the wait is small beside the products.
    while start.elapsed() < measured {
        let before = start.elapsed();
        for _ in 1..together {
            let _queued = product.matmul(a.clone(), &b);
        }
        drained(product.matmul(a.clone(), &b)).await?;
        products += together;
        if start.elapsed() - before < measured / 8 {
            together *= 2;
        }
        pause.pause().await?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(products))
}
