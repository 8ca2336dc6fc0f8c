//! Adapters for machines without a GPU: Vulkan's drivers that compute on the CPU.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{run::find_library_file, setup};

/// Where Debian has them.
const LAVAPIPE: &str = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";

/// Those that are there: Mesa's, which is strict, and Chromium's.
pub fn software() -> impl Iterator<Item = &'static str> {
    let drivers = [LAVAPIPE, SWIFTSHADER].into_iter();
    drivers.filter(|driver| Path::new(driver).exists())
}

/// What makes a program use this driver alone; nothing for the system's own choice.
pub fn variable(driver: Option<&str>) -> Option<(&'static str, String)> {
    driver.map(|driver| ("VK_ICD_FILENAMES", driver.to_string()))
}

/// What makes the tests use Chromium's driver, where Debian has it; elsewhere they take what the system has. The library
/// that loads drivers is installed now if there is none and we may.
pub fn for_tests() -> Result<Option<(&'static str, String)>> {
    const LOADER: &str = "libvulkan.so.1";
    if cfg!(target_os = "linux") {
        let is_missing = || find_library_file(LOADER).is_none();
        if is_missing() && setup::is_root_on_debian() {
            setup::install(&["libvulkan1"])?;
        }
        if is_missing() {
            bail!("the tests of the GPU's kernels need {LOADER} (Debian's package libvulkan1)");
        }
    }
    let driver = software().find(|driver| *driver == SWIFTSHADER);
    Ok(variable(driver))
}
