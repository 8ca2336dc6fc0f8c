//! Trains pathpatch's two bundled models and measures which circuits they grew.
//!
//! | model | task | circuit |
//! | --- | --- | --- |
//! | `ioi-demo` | indirect objects, and repeated pairs of words | only attention: previous-token and induction heads |
//! | `years-demo` | a year later than another | heads move the year to the end, MLPs compare |
//!
//! One run of the program writes a model and its README, so the README's figures belong to the weights beside it.

pub mod export;
pub mod graph;
pub mod ioi;
pub mod model;
pub mod predict;
pub mod train;
pub mod years;

use std::{error::Error, path::Path};

/// A bundled model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demo {
    /// Induction and indirect objects, with MLPs fixed at zero.
    Ioi,
    /// Greater-than over two-digit years, with MLPs.
    Years,
}

impl Demo {
    /// Both, in the order in which the page offers them.
    pub const ALL: [Self; 2] = [Self::Ioi, Self::Years];

    /// Its name, which is also its directory's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ioi => "ioi-demo",
            Self::Years => "years-demo",
        }
    }

    /// The model with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|demo| demo.name() == name)
    }

    /// Train it and write its files into a directory. The default seed is the recipe's.
    ///
    /// # Errors
    /// If a file cannot be written, or the written model cannot be read back.
    pub fn make(self, directory: &Path, seed: Option<u64>) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Ioi => ioi::make(directory, seed),
            Self::Years => years::make(directory, seed),
        }
    }
}
