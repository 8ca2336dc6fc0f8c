//! Tensors as the buffers of kernels.

use burn::{
    backend::Cube,
    tensor::{DType, Device, Int, Shape, Tensor},
};
use burn_cubecl::{
    cubecl::{
        ir::{ElemType, FloatKind, Type},
        prelude::CubeCount,
    },
    kernel::into_contiguous,
    ops::numeric::empty_device_contiguous_dtype,
    tensor::CubeTensor,
};

/// Most workgroups along one dimension of a launch.
const MOST: usize = 65_535;

/// A tensor's buffer of whole numbers; `None` where it is not on a GPU.
pub(super) fn indices<const D: usize>(x: &Tensor<D, Int>) -> Option<CubeTensor> {
    let buffer = x.clone().try_into_primitive::<Cube>();
    buffer.ok().map(into_contiguous)
}

/// A tensor's buffer, its numbers as they are.
pub(super) fn where_it_is<const D: usize>(x: &Tensor<D>) -> Option<CubeTensor> {
    if x.device().is_autodiff() {
        return None;
    }
    x.clone().try_into_primitive::<Cube>().ok()
}

/// A tensor of a buffer.
pub(super) fn tensor<const D: usize>(buffer: CubeTensor) -> Tensor<D> {
    Tensor::from_primitive::<Cube>(buffer)
}

/// A buffer for numbers that are still to be written, on the device of another.
pub(super) fn empty<const D: usize>(like: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    empty_of(like, &shape)
}

/// The same of any number of dimensions.
pub(super) fn empty_of(like: &CubeTensor, shape: &[usize]) -> CubeTensor {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, Shape::from(shape.to_vec()), DType::F32)
}

/// How a tensor's numbers are stored: weights may be f16.
pub(super) fn numbers_of(x: &CubeTensor) -> ElemType {
    ElemType::Float(match x.dtype {
        DType::F16 => FloatKind::F16,
        _ => FloatKind::F32,
    })
}

/// Whether kernels can read f16.
pub fn has_f16(device: &Device) -> bool {
    let number = where_it_is(&Tensor::<1>::empty([1], device));
    number.is_some_and(|number| {
        let f16 = Type::new(ElemType::Float(FloatKind::F16));
        number.client.properties().supports_type(f16)
    })
}

/// Bytes of the largest buffer that kernels read.
pub fn largest_buffer(device: &Device) -> Option<usize> {
    let number = where_it_is(&Tensor::<1>::empty([1], device))?;
    let bytes = number.client.properties().memory.max_page_size;
    Some(usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// How many numbers a kernel reads at once, where runs of these lengths lie one after the other.
pub(super) fn vector_size<const N: usize>(lengths: [usize; N]) -> usize {
    match lengths.iter().all(|n| n.is_multiple_of(4)) {
        true => 4,
        false => 1,
    }
}

/// At least so many workgroups, in two dimensions where one does not hold them.
pub(super) fn groups(n: usize) -> CubeCount {
    let y = n.div_ceil(MOST).max(1);
    CubeCount::new_2d(n.div_ceil(y) as u32, y as u32)
}
