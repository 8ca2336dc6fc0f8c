//! What a device's matrix product can do at its best: the yardstick for a sweep's speed.

mod bare;
mod race;

use burn::tensor::Device;

use crate::{
    device::WeightType,
    error::Result,
    gpt2::Config,
    ops::{Product, on_cpu},
    pause::Pause,
};
pub use bare::BareProducts;

/// Seconds that are long enough for a steady figure, and short enough for a page.
const MEASURED: f64 = 2.0;

/// Floating-point operations a second of bare products.
///
/// # Errors
/// [`Code::Device`](crate::error::Code::Device) when the device fails, or that of `pause`, which is asked several times a
/// second.
pub async fn matmul_rate(bare: &BareProducts, product: Product, pause: &dyn Pause) -> Result<f64> {
    // The first ones wait for the kernel to be compiled.
    bare.seconds(product, 1).await?;
    let (mut products, mut seconds, mut together) = (0, 0.0, 1);
    while seconds < MEASURED {
        let batch = bare.seconds(product, together).await?;
        products += together;
        seconds += batch;
        // A device with a queue accepts products faster than it computes them: its queue is emptied now and then, and so
        // rarely that this is small beside the products.
        if batch < MEASURED / 16.0 {
            together *= 2;
        }
        pause.pause().await?;
    }
    Ok(products as f64 * bare.operations() / seconds)
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

/// The product of this name that a GPU has for a model, if it has one.
#[cfg_attr(not(feature = "webgpu"), expect(unused_variables))]
pub fn product_named(device: &Device, config: &Config, name: &str) -> Option<Product> {
    #[cfg(feature = "webgpu")]
    if !on_cpu(device) {
        let any = Product::Gpu(crate::ops::GpuTile::ALL[0], config.activation);
        return products(any)
            .into_iter()
            .find(|product| product.name() == name);
    }
    None
}

/// Choose what multiplies on a device for a model of this shape, and say whether all that the device has was tried. Which of
/// our kernels for GPUs is fastest differs between GPUs, so it is measured.
///
/// # Errors
/// [`Code::Device`](crate::error::Code::Device) when the device fails.
pub async fn choose_product(
    device: &Device,
    config: &Config,
    weights: WeightType,
) -> Result<(Product, bool)> {
    match on_cpu(device) {
        true => Ok((Product::Burn, true)),
        false => race::choose(device, config, weights).await,
    }
}
