//! Indices on a device.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Indices as a tensor.
pub fn index(places: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let places: Vec<i32> = places.map(|p| p as i32).collect();
    let n = places.len();
    Tensor::from_data(TensorData::new(places, [n]), device)
}
