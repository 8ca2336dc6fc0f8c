//! What a device's matrix product can do at its best: the yardstick for a sweep's speed.

use burn::tensor::{Device, Tensor};
use web_time::{Duration, Instant};

use crate::{
    error::{Code, Error, Result},
    gpt2::{Config, cpu_kernel, matmul, on_cpu},
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
        operations += 2.0 * (rows * k * n) as f64;
        seconds += seconds_of_product(device, [rows, k, n], MEASURED, pause).await?;
    }
    Ok(operations / seconds)
}

/// Choose between the two kernels for a GPU's matrix products, Burn's and ours: which is faster differs between GPUs.
/// It is measured for the first model of a process and stays: a later model must not change how an earlier one, which
/// may still be in use, multiplies. Returns the name of the device's product.
///
/// # Errors
/// [`Code::Device`] when the device fails.
pub async fn choose_kernel(device: &Device, config: &Config) -> Result<&'static str> {
    match on_cpu(device) {
        true => Ok(cpu_kernel()),
        false => choose_gpu_kernel(device, config).await,
    }
}

#[cfg(not(feature = "webgpu"))]
async fn choose_gpu_kernel(_: &Device, _: &Config) -> Result<&'static str> {
    Ok("cubek")
}

#[cfg(feature = "webgpu")]
async fn choose_gpu_kernel(device: &Device, config: &Config) -> Result<&'static str> {
    use crate::{gpt2::tiled, pause::NoPause};

    /// Pick a number of rows for which one product with an MLP's weights takes about 20 ms, so that software adapters
    /// stay usable.
    const ROWS: std::ops::RangeInclusive<f64> = 16.0..=512.0;
    const LONG: f64 = 0.02;
    const MEASURED: Duration = Duration::from_millis(20);

    let name = |is_ours| if is_ours { "tiled" } else { "cubek" };
    if let Some(is_ours) = tiled::chosen() {
        return Ok(name(is_ours));
    }
    // At most 64 MiB: no weight has come yet, and a config.json may name any size.
    let product = |rows| [rows, config.d_model.min(2048), config.d_mlp.min(8192)];
    let seconds = async |is_ours, rows| {
        tiled::try_out(is_ours);
        seconds_of_product(device, product(rows), MEASURED, &NoPause).await
    };
    let few = *ROWS.start();
    let rows = (few * LONG / seconds(true, few as usize).await?).clamp(few, *ROWS.end()) as usize;
    let ours = seconds(true, rows).await?;
    let burns = seconds(false, rows).await?;
    Ok(name(tiled::choose(ours < burns)))
}

/// Mean seconds of one `[m, k] @ [k, n]`, repeated for at least `measured`; the device's queue is drained before the
/// clock is read.
async fn seconds_of_product(
    device: &Device,
    [m, k, n]: [usize; 3],
    measured: Duration,
    pause: &dyn Pause,
) -> Result<f64> {
    let ones = |rows, cols| Tensor::<2>::ones([rows, cols], device);
    let (a, b) = (ones(m, k), ones(k, n));
    let drained = async |product: Tensor<2>| {
        let corner = product.narrow(0, 0, 1).narrow(1, 0, 1);
        let read = corner.into_data_async().await;
        read.map_err(|e| {
            let what = format!("{device:?}");
            Error::new(Code::Device, what, "a matrix product", e)
        })
    };
    drained(matmul(a.clone(), &b)).await?;
    let start = Instant::now();
    let mut products = 0;
    // A device with a queue accepts products faster than it computes them: wait for a result now and then.
    while start.elapsed() < measured {
        for _ in 1..4 {
            let _queued = matmul(a.clone(), &b);
        }
        drained(matmul(a.clone(), &b)).await?;
        products += 4;
        pause.pause().await?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(products))
}
