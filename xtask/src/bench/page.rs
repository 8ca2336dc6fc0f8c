//! The page beside that of an earlier version: how long a first visit waits for something to see.

use anyhow::Result;

use super::previous;
use crate::{browsers, run::run, site};

/// Build both sites, and visit them in turns.
pub fn page() -> Result<()> {
    let chromium = browsers::chromium()?;
    site::build()?;
    let before = previous::site()?;
    for device in ["cpu", "webgpu"] {
        let sites = [site::SITE, &before];
        let bench = ["benches/first_grid.mjs", &chromium, device];
        run("node", &[&bench[..], &sites].concat())?;
    }
    Ok(())
}
