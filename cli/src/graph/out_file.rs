//! The file that a graph is written to.

use std::{path::PathBuf, str::FromStr};

use pathpatch::error::{Code, Error, Result};

/// A file to write, by the end of its name one of four kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutFile {
    /// Where it is.
    pub path: PathBuf,
    /// What is written to it.
    pub format: Format,
}

/// What a graph is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// EAP-IG's JSON.
    Json,
    /// A NumPy matrix.
    Npy,
    /// A GraphViz drawing.
    Dot,
    /// A table.
    Csv,
}

impl FromStr for OutFile {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let path = PathBuf::from(text);
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        let format = match extension.to_str() {
            Some("json") => Format::Json,
            Some("npy") => Format::Npy,
            Some("dot") => Format::Dot,
            Some("csv") => Format::Csv,
            _ => {
                let expected = "a name that ends in .json, .npy, .dot or .csv";
                return Err(Error::new(Code::Option, "output file", expected, text));
            }
        };
        Ok(Self { path, format })
    }
}
