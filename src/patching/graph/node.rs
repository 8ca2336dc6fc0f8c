//! The nodes of the graph: what writes into the residual stream and what reads it.
//!
//! Names are those of EAP-IG (Hanna et al. 2024), which ACDC's and MIB's files share: `input`, `a9.h6`, `m3`,
//! `a10.h7<q>`, `logits`.

use std::{fmt, str::FromStr};

use super::stage::Stage;
use crate::{
    error::{Code, Error, Result},
    gpt2::Config,
};

/// An attention head, written `layer.head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Component {
    /// Query.
    Q,
    /// Key.
    K,
    /// Value.
    V,
}

impl Component {
    /// All three, in the order of their columns in `W_QKV`.
    pub const ALL: [Self; 3] = [Self::Q, Self::K, Self::V];

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

/// A node that writes into the residual stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// The token embedding. Position embeddings belong to no sender.
    Input,
    /// An attention head: `z W_O` of the head, its value bias included.
    Head(Head),
    /// The MLP of a layer, its output bias included.
    Mlp(usize),
}

impl Sender {
    /// Where in the residual stream its write is added.
    pub fn writes(self) -> Stage {
        match self {
            Self::Input => Stage::EMBED,
            Self::Head(head) => Stage::mid(head.layer),
            Self::Mlp(layer) => Stage::post(layer),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("input"),
            Self::Head(Head { layer, head }) => write!(f, "a{layer}.h{head}"),
            Self::Mlp(layer) => write!(f, "m{layer}"),
        }
    }
}

impl FromStr for Sender {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let sender = match text {
            "input" => Some(Self::Input),
            _ => head_name(text)
                .map(Self::Head)
                .or(mlp_name(text).map(Self::Mlp)),
        };
        sender.ok_or_else(|| {
            let expected = "input, a head such as a9.h6 or an MLP such as m3";
            Error::new(Code::Source, "sender", expected, text)
        })
    }
}

/// A node that reads the residual stream, through a LayerNorm of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Receiver {
    /// The query, key or value of an attention head.
    Head(Head, Component),
    /// The MLP of a layer.
    Mlp(usize),
    /// The final LayerNorm and the unembedding.
    Logits,
}

impl Receiver {
    /// Where in the residual stream it reads, in a model of so many layers.
    pub fn reads(self, n_layers: usize) -> Stage {
        match self {
            Self::Head(head, _) => Stage::pre(head.layer),
            Self::Mlp(layer) => Stage::mid(layer),
            Self::Logits => Stage::pre(n_layers),
        }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(Head { layer, head }, component) => {
                write!(f, "a{layer}.h{head}<{}>", component.as_str())
            }
            Self::Mlp(layer) => write!(f, "m{layer}"),
            Self::Logits => f.write_str("logits"),
        }
    }
}

impl FromStr for Receiver {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let port = || {
            let (head, component) = text.strip_suffix('>')?.split_once('<')?;
            Some(Self::Head(head_name(head)?, component.parse().ok()?))
        };
        let receiver = match text {
            "logits" => Some(Self::Logits),
            _ => port().or(mlp_name(text).map(Self::Mlp)),
        };
        receiver.ok_or_else(|| {
            let expected =
                "logits, a head's query, key or value such as a10.h7<q>, or an MLP such as m3";
            Error::new(Code::Source, "receiver", expected, text)
        })
    }
}

/// `a9.h6`; a number has no sign and no leading zeros.
fn head_name(text: &str) -> Option<Head> {
    let (layer, head) = text.strip_prefix('a')?.split_once(".h")?;
    Some(Head {
        layer: number(layer)?,
        head: number(head)?,
    })
}

/// `m3`.
fn mlp_name(text: &str) -> Option<usize> {
    number(text.strip_prefix('m')?)
}

fn number(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
