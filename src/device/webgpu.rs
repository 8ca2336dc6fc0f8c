//! Burn's wgpu backend, where the feature `webgpu` is on: half of what there is to compile, so that the
//! tests of the CPU do without.

#[cfg(not(feature = "webgpu"))]
use burn::tensor::Device;

/// What is known of the adapter that WebGPU offers. Burn asks for one by itself: natively it may be another.
#[derive(Debug, Clone)]
pub struct Adapter {
    /// Empty where the browser does not tell.
    pub name: String,
    /// Whether it is a software adapter, which computes on the CPU.
    pub is_software: bool,
    /// What tells it from others: its name, which browsers may hide, its driver, and some of what it can do.
    pub traits: String,
}

#[cfg(feature = "webgpu")]
mod opened {
    use std::sync::OnceLock;

    use burn::tensor::{Device, Tensor, wgpu::wgpu};

    use super::Adapter;

    /// The adapter that was asked for last, and the device. Burn registers a device for the whole process and refuses
    /// to do it again.
    static ADAPTER: OnceLock<Adapter> = OnceLock::new();
    static DEVICE: OnceLock<Device> = OnceLock::new();

    /// The adapter, or why there is none.
    pub async fn adapter() -> Result<Adapter, String> {
        if let (Some(adapter), Some(_)) = (ADAPTER.get(), DEVICE.get()) {
            return Ok(adapter.clone());
        }
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance.request_adapter(&options).await;
        // The rest of wgpu's message lists the APIs that it was built without.
        let reason = |e: wgpu::RequestAdapterError| {
            let text = e.to_string();
            text.split(';').next().unwrap_or_default().to_lowercase()
        };
        let adapter = adapter.map_err(reason)?;
        let info = adapter.get_info();
        let traits = format!(
            "{} {} subgroups {} to {}, bindings {}, workgroups {}",
            info.name,
            info.driver_info,
            info.subgroup_min_size,
            info.subgroup_max_size,
            adapter.limits().max_storage_buffer_binding_size,
            adapter.limits().max_compute_workgroup_storage_size,
        );
        Ok(ADAPTER
            .get_or_init(|| Adapter {
                is_software: info.device_type == wgpu::DeviceType::Cpu,
                name: info.name,
                traits,
            })
            .clone())
    }

    /// Open it, or share the one that is open.
    pub async fn open() -> Result<Device, String> {
        if let Some(device) = DEVICE.get() {
            return answering(device).await;
        }
        match Device::wgpu_options().init_async().await {
            Ok(device) => Ok(DEVICE.get_or_init(|| device).clone()),
            // Another session of this process may have opened it meanwhile.
            Err(e) => match DEVICE.get() {
                Some(device) => answering(device).await,
                None => Err(e.to_string()),
            },
        }
    }

    /// The device that is open, if it still answers.
    async fn answering(device: &Device) -> Result<Device, String> {
        let answer = Tensor::<1>::from_data([0.0], device)
            .into_data_async()
            .await;
        match answer {
            Ok(_) => Ok(device.clone()),
            Err(e) => Err(format!(
                "one that was lost ({e}); it cannot be opened twice in one process: start the engine anew"
            )),
        }
    }
}

#[cfg(feature = "webgpu")]
pub use opened::{adapter, open};

#[cfg(not(feature = "webgpu"))]
pub async fn adapter() -> Result<Adapter, String> {
    Err("a build without the feature webgpu".into())
}

#[cfg(not(feature = "webgpu"))]
pub async fn open() -> Result<Device, String> {
    Err("a build without the feature webgpu".into())
}
