//! Burn's wgpu backend, where the feature `webgpu` is on: half of what there is to compile, so that the
//! tests of the CPU do without.

use burn::tensor::Device;

/// What is known of the adapter that Burn would take.
pub struct Adapter {
    /// Empty where the browser does not tell.
    pub name: String,
    /// Whether it is the CPU pretending.
    pub is_software: bool,
}

/// The adapter, or why there is none.
#[cfg(feature = "webgpu")]
pub async fn adapter() -> Result<Adapter, String> {
    use burn::tensor::wgpu::wgpu;

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
    let info = adapter.map_err(reason)?.get_info();
    Ok(Adapter {
        is_software: info.device_type == wgpu::DeviceType::Cpu,
        name: info.name,
    })
}

/// Open it.
#[cfg(feature = "webgpu")]
pub async fn open() -> Result<Device, String> {
    let device = Device::wgpu_options().init_async().await;
    device.map_err(|e| e.to_string())
}

#[cfg(not(feature = "webgpu"))]
pub async fn adapter() -> Result<Adapter, String> {
    Err("a build without the feature webgpu".into())
}

#[cfg(not(feature = "webgpu"))]
pub async fn open() -> Result<Device, String> {
    Err("a build without the feature webgpu".into())
}
