//! The browsers that tests and measurements run in: found, or installed on Debian as root.

use std::fs;

use anyhow::{Result, bail};

use crate::{
    run::{Variables, find_program},
    setup,
};

/// A program that is needed.
struct Program {
    /// What it is called in messages.
    title: &'static str,
    /// The environment variable with its path: read here, and set for the tests.
    variable: &'static str,
    /// Names on the path.
    names: &'static [&'static str],
    /// Debian's package.
    package: &'static str,
}

const CHROMIUM: Program = Program {
    title: "Chromium",
    variable: "CHROMIUM",
    names: &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ],
    package: "chromium",
};
const FIREFOX: Program = Program {
    title: "Firefox",
    variable: "FIREFOX",
    names: &["firefox-esr", "firefox"],
    package: "firefox-esr",
};
const WEBKIT_DRIVER: Program = Program {
    title: "WebKitGTK's driver",
    variable: "WEBKIT_DRIVER",
    names: &["WebKitWebDriver"],
    package: "webkit2gtk-driver",
};
/// WebKitGTK has no headless mode.
const XVFB: Program = Program {
    title: "Xvfb",
    variable: "XVFB_RUN",
    names: &["xvfb-run"],
    package: "xvfb",
};
/// WebKitGTK's own browser. It is in the library's folder, not on the path.
const MINI_BROWSER: &str = "webkit2gtk-4.1/MiniBrowser";

impl Program {
    fn find(&self) -> Option<String> {
        let named = std::env::var(self.variable).ok();
        named.or_else(|| self.names.iter().find_map(|name| find_program(name)))
    }
}

/// The path of a Chromium that is there.
pub fn find_chromium() -> Option<String> {
    CHROMIUM.find()
}

/// The path of a Chromium, which is installed now if there is none and we may.
pub fn chromium() -> Result<String> {
    Ok(chromium_variable()?.1)
}

/// The same as the variable that tells the tests its path.
pub fn chromium_variable() -> Result<(&'static str, String)> {
    let [variable] = install([&CHROMIUM])?;
    Ok(variable)
}

/// Every engine that there is for this system, as the variables that tell the tests their paths.
pub fn all() -> Result<Box<Variables>> {
    if !cfg!(target_os = "linux") {
        println!("WebKit is tested on Linux alone, where WebKitGTK is");
        return Ok(Box::new(install([&CHROMIUM, &FIREFOX])?));
    }
    let mut found = install([&CHROMIUM, &FIREFOX, &WEBKIT_DRIVER, &XVFB])?.to_vec();
    found.push(("WEBKIT", mini_browser()?));
    Ok(found.into())
}

/// Variables and paths of programs.
fn install<const N: usize>(programs: [&Program; N]) -> Result<[(&'static str, String); N]> {
    let missing = || programs.iter().filter(|program| program.find().is_none());
    if missing().next().is_some() && setup::is_root_on_debian() {
        let packages: Vec<_> = missing().map(|program| program.package).collect();
        setup::install(&packages)?;
    }
    let needed: Vec<String> = missing()
        .map(
            |Program {
                 title,
                 variable,
                 package,
                 ..
             }| {
                format!("{title} (Debian's package {package}), or {variable} with its path")
            },
        )
        .collect();
    if !needed.is_empty() {
        bail!("the browser tests need {}", needed.join("; "));
    }
    Ok(programs.map(|program| (program.variable, program.find().unwrap_or_default())))
}

fn mini_browser() -> Result<String> {
    if let Ok(path) = std::env::var("WEBKIT") {
        return Ok(path);
    }
    // Debian has a directory for each architecture.
    for directory in ["/usr/lib", "/usr/libexec"] {
        let entries = fs::read_dir(directory).into_iter().flatten();
        let own = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut places = own
            .chain([directory.into()])
            .map(|place| place.join(MINI_BROWSER));
        if let Some(path) = places.find(|path| path.is_file()) {
            return Ok(path.to_string_lossy().into_owned());
        }
    }
    bail!("the browser tests need WebKitGTK's MiniBrowser: WEBKIT names its path")
}
