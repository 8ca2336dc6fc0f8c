//! The page beside that of an earlier version: how long a first visit waits for something to see.

use anyhow::Result;

use super::{PREVIOUS, runners};
use crate::{browsers, run::run, site};

/// Build both sites, and visit them in turns.
pub fn page() -> Result<()> {
    let chromium = browsers::chromium()?;
    site::build()?;
    let previous = runners::previous_site(PREVIOUS)?;
    run(
        "node",
        &["benches/first_grid.mjs", &chromium, site::SITE, &previous],
    )
}
