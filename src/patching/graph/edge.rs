//! An edge: what one sender writes, as one receiver reads it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::node::{Receiver, Sender};
use crate::error::{Code, Error, Result};

/// An edge, written `a9.h9->a10.h7<q>`, serialised as that too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Edge {
    /// The node that writes.
    pub from: Sender,
    /// The node that reads.
    pub to: Receiver,
}

impl Edge {
    /// Whether the sender has written before the receiver reads, in a model of so many layers. The only place that
    /// knows this rule.
    pub fn exists(self, n_layers: usize) -> bool {
        self.from.writes() <= self.to.reads(n_layers)
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}->{}", self.from, self.to)
    }
}

impl FromStr for Edge {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((from, to)) = text.split_once("->") else {
            let expected = "SENDER->RECEIVER, such as a9.h9->a10.h7<q>";
            return Err(Error::new(Code::Source, "edge", expected, text));
        };
        Ok(Self {
            from: from.parse()?,
            to: to.parse()?,
        })
    }
}

impl From<Edge> for String {
    fn from(edge: Edge) -> Self {
        edge.to_string()
    }
}

impl TryFrom<String> for Edge {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
