//! A tensor's numbers on the CPU, changed where they are.

use burn::tensor::{Device, Tensor, TensorData};

/// Whether the loops of `pathpatch_kernels` compute for a device: the CPU, unless gradients are recorded, which takes
/// Burn's operations.
pub fn on_cpu(device: &Device) -> bool {
    *device == Device::flex() && !device.is_autodiff()
}

/// Bytes of the largest buffer that a GPU's kernels read; `None` on the CPU.
#[cfg_attr(not(feature = "webgpu"), expect(unused_variables))]
pub fn largest_buffer(device: &Device) -> Option<usize> {
    #[cfg(feature = "webgpu")]
    if !on_cpu(device) {
        return super::gpu::largest_buffer(device);
    }
    None
}

/// Change a tensor's numbers where they are, without a copy if nothing else holds the tensor.
pub fn in_place(x: Tensor<2>, change: impl FnOnce(&mut [f32])) -> Tensor<2> {
    let device = x.device();
    let mut data = x.into_data();
    change(floats_mut(&mut data));
    Tensor::from_data(data, &device)
}

/// A tensor's numbers.
///
/// # Panics
/// If they are not f32; every tensor of numbers that this crate makes is.
pub fn floats(data: &TensorData) -> &[f32] {
    data.as_slice().expect("a tensor of f32")
}

/// A tensor's numbers, to be changed.
///
/// # Panics
/// As [`floats`].
pub fn floats_mut(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect("a tensor of f32")
}
