//! What is patched: which run is the base, what goes into it, and how the receiver's LayerNorm reads it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};

/// Which run is the base and which the patch comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The corrupted run is the base, the clean write goes in: TransformerLens's direct path patching.
    #[default]
    Denoise,
    /// The clean run is the base, the corrupted write goes in: ACDC, EAP-IG and MIB.
    Noise,
}

impl Direction {
    /// `denoise` or `noise`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denoise => "denoise",
            Self::Noise => "noise",
        }
    }
}

impl FromStr for Direction {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "denoise" => Ok(Self::Denoise),
            "noise" => Ok(Self::Noise),
            _ => Err(Error::new(
                Code::Option,
                "direction",
                "denoise or noise",
                text,
            )),
        }
    }
}

/// What goes in where a sender's write is replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Replacement {
    /// What the sender writes on the other prompt of the pair.
    #[default]
    Resample,
    /// The mean of what it writes on the other prompts of all pairs, at each position.
    Mean,
    /// Nothing: the write is taken away, its bias included.
    Zero,
}

impl Replacement {
    /// `resample`, `mean` or `zero`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resample => "resample",
            Self::Mean => "mean",
            Self::Zero => "zero",
        }
    }
}

impl FromStr for Replacement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "resample" => Ok(Self::Resample),
            "mean" => Ok(Self::Mean),
            "zero" => Ok(Self::Zero),
            _ => Err(Error::new(
                Code::Option,
                "patch",
                "resample, mean or zero",
                text,
            )),
        }
    }
}

/// What the receiver's LayerNorm does about the change of its input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerNorm {
    /// Its scale stays that of the base run: the change goes through a linear map. TransformerLens up to 4.2.
    #[default]
    Frozen,
    /// It normalises the changed input anew: the edge exactly as the model would read it. TransformerLens from 4.3,
    /// ACDC and EAP-IG.
    Exact,
}

impl LayerNorm {
    /// `frozen` or `exact`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Exact => "exact",
        }
    }
}

impl FromStr for LayerNorm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "frozen" => Ok(Self::Frozen),
            "exact" => Ok(Self::Exact),
            _ => {
                let expected = "frozen or exact";
                Err(Error::new(Code::Option, "layer norm", expected, text))
            }
        }
    }
}

/// How edges are patched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Patch {
    /// Which run is the base.
    pub direction: Direction,
    /// What goes in.
    pub replacement: Replacement,
    /// How the receiver's LayerNorm reads it.
    pub layer_norm: LayerNorm,
}
