//! The activation functions of the MLP, by the names that `transformers` has for them.

use serde::{Serialize, Serializer};

/// What an MLP applies to its hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// GELU by tanh, as GPT-2 has it.
    GeluTanh,
    /// GELU by the error function.
    Gelu,
    /// GELU by the logistic function.
    QuickGelu,
    /// SiLU, also called swish.
    Silu,
    /// Rectifier.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

/// Slope of the logistic function in quick GELU.
pub(super) const QUICK_GELU_SLOPE: f64 = 1.702;

impl Activation {
    /// The names that `config.json` may have, the canonical one of each function first.
    pub const NAMES: [(&str, Self); 12] = [
        ("gelu_new", Self::GeluTanh),
        ("gelu_pytorch_tanh", Self::GeluTanh),
        ("gelu_fast", Self::GeluTanh),
        ("gelu_accurate", Self::GeluTanh),
        ("gelu_python_tanh", Self::GeluTanh),
        ("gelu", Self::Gelu),
        ("gelu_python", Self::Gelu),
        ("quick_gelu", Self::QuickGelu),
        ("silu", Self::Silu),
        ("swish", Self::Silu),
        ("relu", Self::Relu),
        ("tanh", Self::Tanh),
    ];

    /// The function of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut names = Self::NAMES.iter();
        names.find(|(n, _)| *n == name).map(|(_, f)| *f)
    }

    /// Its canonical name.
    pub fn as_str(self) -> &'static str {
        let mut names = Self::NAMES.iter();
        names.find(|(_, f)| *f == self).map_or("", |(name, _)| name)
    }
}

impl Serialize for Activation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Activation; 6] = [
        Activation::GeluTanh,
        Activation::Gelu,
        Activation::QuickGelu,
        Activation::Silu,
        Activation::Relu,
        Activation::Tanh,
    ];

    #[test]
    fn every_name_is_of_a_function_and_every_function_has_one() {
        for (name, f) in Activation::NAMES {
            assert_eq!(Activation::from_name(name), Some(f));
        }
        for f in ALL {
            assert_eq!(Activation::from_name(f.as_str()), Some(f));
        }
        assert_eq!(Activation::from_name("mish"), None);
    }
}
