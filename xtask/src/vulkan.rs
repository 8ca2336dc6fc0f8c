//! Adapters for machines without a GPU: Vulkan's drivers that compute on the CPU.

use std::{env, fs, path::Path};

use anyhow::{Result, bail};

use crate::setup;

/// Directories with a file for each driver that is installed, by a package or by hand.
const DRIVERS: [&str; 3] = [
    "/usr/share/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
    "/etc/vulkan/icd.d",
];
/// The environment variable with the paths of such files elsewhere.
const NAMED: &str = "VK_ICD_FILENAMES";
/// Chromium's, as Debian has it.
const SWIFTSHADER: &str = "/usr/lib/chromium/vk_swiftshader_icd.json";

/// Those that are there: Mesa's, which is strict, and Chromium's.
pub fn software() -> impl Iterator<Item = String> {
    let swiftshader = Path::new(SWIFTSHADER).exists();
    lavapipe()
        .into_iter()
        .chain(swiftshader.then(|| SWIFTSHADER.to_string()))
}

/// What makes a program use this driver alone; nothing for the system's own choice.
pub fn variable(driver: Option<&str>) -> Option<(&'static str, String)> {
    driver.map(|driver| (NAMED, driver.to_string()))
}

/// What makes the tests use Mesa's driver, which has what the kernels can make use of; it is installed now if there is none
/// and we may. Elsewhere they take what the system has.
pub fn for_tests() -> Result<Option<(&'static str, String)>> {
    const PACKAGE: &str = "mesa-vulkan-drivers";
    if lavapipe().is_none() && setup::is_root_on_debian() {
        setup::install(&[PACKAGE])?;
    }
    if cfg!(target_os = "linux") && drivers().is_empty() && env::var_os(NAMED).is_none() {
        bail!(
            "the tests of kernels for GPUs need a driver for Vulkan (Debian's package {PACKAGE}), or {NAMED} with the path \
             of what names it"
        );
    }
    Ok(variable(lavapipe().as_deref()))
}

fn lavapipe() -> Option<String> {
    // Its name ends with the architecture in some versions.
    let is_lavapipe = |path: &String| path.contains("/lvp_icd.");
    drivers().into_iter().find(is_lavapipe)
}

fn drivers() -> Vec<String> {
    let folders = DRIVERS
        .into_iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let paths = folders
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}
