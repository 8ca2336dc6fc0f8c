//! Which head, and which of its inputs.

use std::{fmt, str::FromStr};

use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
};

/// An attention head, written `layer.head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its block, from 0.
    pub layer: usize,
    /// Its place in the block, from 0.
    pub head: usize,
}

impl Head {
    /// Check that the model has this head; `what` is what the error calls it, such as "source head".
    ///
    /// # Errors
    /// [`Code::Source`].
    pub fn check(self, what: &str, config: &Config) -> Result<()> {
        if self.layer < config.n_layers && self.head < config.n_heads {
            return Ok(());
        }
        let (layers, heads) = (config.n_layers - 1, config.n_heads - 1);
        let expected = format!("layer 0 to {layers} and head 0 to {heads}");
        Err(Error::new(Code::Source, what, expected, self))
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.layer, self.head)
    }
}

impl FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (layer, head) = text.split_once('.')?;
            Some(Self {
                layer: layer.parse().ok()?,
                head: head.parse().ok()?,
            })
        };
        parse().ok_or_else(|| {
            let expected = "LAYER.HEAD, such as 9.6";
            Error::new(Code::Source, "source head", expected, text)
        })
    }
}

/// The input of the destination head that is patched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// Query.
    Q,
    /// Key.
    K,
    /// Value.
    V,
}

impl Component {
    /// `q`, `k` or `v`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Q => "q",
            Self::K => "k",
            Self::V => "v",
        }
    }
}

impl FromStr for Component {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "q" => Ok(Self::Q),
            "k" => Ok(Self::K),
            "v" => Ok(Self::V),
            _ => Err(Error::new(Code::Option, "component", "q, k or v", text)),
        }
    }
}

/// What the destination's LayerNorm does about the change of its input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LayerNorm {
    /// Its scale stays that of the corrupted run: the change goes through a linear map. TransformerLens
    /// up to 3.9 and 4.2.
    #[default]
    Frozen,
    /// It normalises the changed input anew: the edge exactly as the model would read it. TransformerLens
    /// from 4.3.
    Exact,
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

/// How a destination head reads what is patched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub component: Component,
    pub layer_norm: LayerNorm,
}
