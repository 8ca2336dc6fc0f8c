//! Tensors on the CPU as their numbers, read, made and changed.

use burn::{
    backend::{BackendTypes, Flex},
    tensor::{Device, Tensor, TensorData},
};

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

/// Numbers of a head at most on a GPU; `None` on the CPU, where it may have any.
#[cfg_attr(not(feature = "webgpu"), expect(unused_variables))]
pub fn widest_head(device: &Device) -> Option<usize> {
    #[cfg(feature = "webgpu")]
    return super::gpu::widest_head(device);
    #[cfg(not(feature = "webgpu"))]
    None
}

/// Whether weights can be stored as f16 on a device.
#[cfg_attr(not(feature = "webgpu"), expect(unused_variables))]
pub fn has_f16(device: &Device) -> bool {
    #[cfg(feature = "webgpu")]
    return super::gpu::has_f16(device);
    #[cfg(not(feature = "webgpu"))]
    false
}

/// A tensor of numbers on the CPU, which are not copied.
pub fn tensor<const D: usize>(numbers: Vec<f32>, dims: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, dims), &Device::flex())
}

/// Change a tensor's numbers where they are, without a copy if nothing else holds the tensor.
pub fn in_place(x: Tensor<2>, change: impl FnOnce(&mut [f32])) -> Tensor<2> {
    let device = x.device();
    let mut data = x.into_data();
    change(floats_mut(&mut data));
    Tensor::from_data(data, &device)
}

/// A tensor's numbers, to be changed.
///
/// # Panics
/// If they are not f32; every tensor of numbers that this crate makes is.
pub fn floats_mut(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect("a tensor of f32")
}

/// A tensor's numbers, read where they are: row-major, so that those of a view with other strides are copied.
pub struct Held(<Flex as BackendTypes>::FloatTensorPrimitive);

impl Held {
    /// The numbers of a tensor on the CPU.
    ///
    /// # Panics
    /// For a tensor on another device: see [`on_cpu`].
    pub fn of<const D: usize>(x: &Tensor<D>) -> Self {
        let x = x.clone().try_into_primitive::<Flex>();
        let x = x.expect("a tensor on the CPU");
        Self(match x.is_contiguous() {
            true => x,
            false => x.to_contiguous(),
        })
    }

    /// All of them.
    pub fn numbers(&self) -> &[f32] {
        let layout = self.0.layout();
        &self.0.storage()[layout.start_offset()..][..layout.num_elements()]
    }
}
