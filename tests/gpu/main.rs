//! The kernels for GPUs, and what a sweep makes of them. `cargo test --test gpu` runs them on the adapter that this machine
//! offers, `cargo xtask test` on Mesa's lavapipe where it is; they fail where there is no adapter.

mod counts;
mod kernels;
mod long;

#[path = "../common/random.rs"]
mod random;

use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Device;
use pathpatch::device::{self, DeviceChoice};

/// The device, for one test at a time: launches are counted for the whole process.
fn gpu() -> (Device, MutexGuard<'static, ()>) {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let opened = pollster::block_on(device::open(DeviceChoice::WebGpu));
    let (device, report) = opened.expect(
        "an adapter for WebGPU: Debian's mesa-vulkan-drivers has one that computes on the CPU",
    );
    assert_eq!(report.kind, "webgpu");
    (device, one)
}
