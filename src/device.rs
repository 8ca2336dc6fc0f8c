//! Which device computes: a GPU through WebGPU's API, or the CPU.
//!
//! On `auto` a hardware adapter is taken where there is one. A software adapter is slower than the CPU
//! path, so `auto` passes it over; asking for `webgpu` by name takes it.

mod webgpu;

use std::str::FromStr;

use burn::tensor::Device;
use serde::Serialize;

use crate::error::{Code, Error, Result};

/// What the caller asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A GPU where there is one, else the CPU.
    #[default]
    Auto,
    /// Burn's flex backend.
    Cpu,
    /// Burn's wgpu backend, on a software adapter if there is no other.
    WebGpu,
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "webgpu" => Ok(Self::WebGpu),
            _ => {
                let expected = "auto, cpu or webgpu";
                Err(Error::new(Code::Option, "device", expected, text))
            }
        }
    }
}

/// Which device was taken, and why.
#[derive(Debug, Clone, Serialize)]
pub struct DeviceReport {
    /// `cpu` or `webgpu`.
    pub kind: &'static str,
    /// The adapter's name, where it gives one.
    pub adapter: Option<String>,
    /// Which product of matrices is used, set when a model is loaded: on the CPU `flex`, Burn's, or `fused`, ours for
    /// browsers with relaxed SIMD; on a GPU how ours is cut into tiles, whichever was measured to be fastest:
    /// `registers-4x4`, `registers-8x8`, `shared-64x64` or `shared-64x128`.
    pub matmul: &'static str,
    /// One clause that says why this device.
    pub reason: String,
}

/// Open the chosen device. A GPU is opened once per process and shared by all sessions in it.
///
/// # Errors
/// [`Code::Device`] when WebGPU is asked for by name and cannot be had, or has been lost.
pub async fn open(choice: DeviceChoice) -> Result<(Device, DeviceReport)> {
    if choice == DeviceChoice::Cpu {
        return Ok(cpu("the CPU was asked for"));
    }
    match (choice, webgpu::adapter().await) {
        (DeviceChoice::Auto, Err(reason)) => Ok(cpu(&reason)),
        (DeviceChoice::Auto, Ok(adapter)) if adapter.is_software => {
            Ok(cpu("the only WebGPU adapter is a software one"))
        }
        (DeviceChoice::Auto, Ok(adapter)) => match webgpu(adapter, "hardware adapter").await {
            Ok(opened) => Ok(opened),
            Err(error) => Ok(cpu(&format!("WebGPU could not be opened ({})", error.got))),
        },
        (_, Ok(adapter)) => webgpu(adapter, "WebGPU was asked for").await,
        (_, Err(reason)) => Err(Error::new(
            Code::Device,
            "device webgpu",
            "a WebGPU adapter",
            reason,
        )),
    }
}

fn cpu(reason: &str) -> (Device, DeviceReport) {
    let report = DeviceReport {
        kind: "cpu",
        adapter: None,
        matmul: "",
        reason: reason.into(),
    };
    (Device::flex(), report)
}

async fn webgpu(adapter: webgpu::Adapter, reason: &str) -> Result<(Device, DeviceReport)> {
    let device = webgpu::open().await.map_err(|e| {
        let expected = "an adapter that Burn can use";
        Error::new(Code::Device, "device webgpu", expected, e)
    })?;
    let report = DeviceReport {
        kind: "webgpu",
        adapter: Some(adapter.name).filter(|name| !name.is_empty()),
        matmul: "",
        reason: reason.into(),
    };
    Ok((device, report))
}
