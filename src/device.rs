//! Which device computes: a GPU through WebGPU's API, or the CPU.
//!
//! On `auto` a hardware adapter is taken where there is one. A software adapter is slower than the CPU
//! path, so `auto` passes it over; asking for `webgpu` by name takes it.

mod webgpu;

use std::{collections::BTreeMap, str::FromStr};

use burn::tensor::{DType, Device};
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

/// How the numbers of weights are stored on a GPU. What is computed from them is f32 in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightType {
    /// As the CPU has them.
    #[default]
    F32,
    /// Half the memory, and half of what a product reads. Each weight is rounded to 11 bits, by up to 1 part in 2,048; those
    /// below 0.00006 by up to that much, as a device may take them for 0. For adapters with the feature `shader-f16`.
    F16,
}

impl WeightType {
    /// Burn's name for it.
    pub const fn dtype(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
        }
    }
}

impl FromStr for WeightType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            _ => Err(Error::new(Code::Option, "weights", "f32 or f16", text)),
        }
    }
}

/// How to load a model.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// On which device.
    pub device: DeviceChoice,
    /// How its weights are stored there. Where the device has no f16 they are f32, and a warning says so.
    pub weights: WeightType,
    /// The products that earlier loads found to be fastest, by [`DeviceReport::race`]: the name of each, as in
    /// [`DeviceReport::matmul`]. One that is not there is found by a race, which takes about a second.
    pub fastest: BTreeMap<String, String>,
}

impl From<DeviceChoice> for LoadOptions {
    fn from(device: DeviceChoice) -> Self {
        Self {
            device,
            ..Self::default()
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
    /// What `matmul` was found to be fastest for, on a GPU: the adapter, a model's shape and how weights are stored. With it
    /// a later load can be told: see [`LoadOptions::fastest`]. `None` where not all products were tried, since compiling them
    /// took too long: the next load may find them compiled.
    pub race: Option<String>,
    /// How weights are stored: `f32` or `f16`, set when a model is loaded.
    pub weights: WeightType,
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
        (_, Err(reason)) => {
            let error = Error::new(Code::Device, "device webgpu", "a WebGPU adapter", reason);
            Err(error.suggest("cpu"))
        }
    }
}

/// The CPU in place of a GPU whose workgroups have too little memory for a model's heads.
///
/// # Errors
/// [`Code::Device`] when WebGPU is asked for by name.
pub fn cpu_for_wide_heads(
    choice: DeviceChoice,
    widest: usize,
    d_head: usize,
) -> Result<(Device, DeviceReport)> {
    match choice {
        DeviceChoice::WebGpu => {
            let expected =
                format!("heads of at most {widest} numbers on this adapter; the CPU takes any");
            Err(Error::new(Code::Device, "device webgpu", expected, d_head))
        }
        _ => Ok(cpu(&format!(
            "heads of {d_head} numbers are too wide for the GPU, which takes {widest}"
        ))),
    }
}

fn cpu(reason: &str) -> (Device, DeviceReport) {
    let report = DeviceReport {
        kind: "cpu",
        adapter: None,
        matmul: "",
        race: None,
        weights: WeightType::F32,
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
        race: Some(adapter.traits),
        weights: WeightType::F32,
        reason: reason.into(),
    };
    Ok((device, report))
}
