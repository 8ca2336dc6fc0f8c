//! What a device's matrix product can do at its best: the yardstick for a sweep's speed.

use burn::tensor::{Device, Tensor};
use web_time::{Duration, Instant};

use crate::{
    error::{Code, Error, Result},
    gpt2::{Config, matmul},
};

/// Long enough for a steady figure, short enough for a page.
const MEASURED: Duration = Duration::from_millis(500);

/// Floating-point operations a second of bare products of so many rows with a block's four weights, each
/// weighed by its share of a block's operations.
///
/// # Errors
/// [`Code::Device`] when the device fails.
pub async fn matmul_rate(device: &Device, config: &Config, rows: usize) -> Result<f64> {
    let (d_model, d_mlp) = (config.d_model, config.d_mlp);
    let (mut operations, mut seconds) = (0.0, 0.0);
    for (k, n) in [
        (d_model, 3 * d_model),
        (d_model, d_model),
        (d_model, d_mlp),
        (d_mlp, d_model),
    ] {
        operations += 2.0 * (rows * k * n) as f64;
        seconds += seconds_of_product(device, [rows, k, n]).await?;
    }
    Ok(operations / seconds)
}

/// Of `[m, k] @ [k, n]`, products one after the other, the device's queue drained at the end.
async fn seconds_of_product(device: &Device, [m, k, n]: [usize; 3]) -> Result<f64> {
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
    // A device with a queue takes products faster than it does them: ask it for an answer now and then.
    while start.elapsed() < MEASURED {
        for _ in 1..4 {
            let _queued = matmul(a.clone(), &b);
        }
        drained(matmul(a.clone(), &b)).await?;
        products += 4;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(products))
}
