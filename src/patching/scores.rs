//! How the number of an edge is made.

use crate::error::{Code, Error, Result};

/// How the number of an edge is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scores {
    /// Everything after the receiver is run again.
    #[default]
    Exact,
    /// The receiver's LayerNorm and attention are exact, the rest is followed by the gradient.
    Estimate,
    /// Attribution: the change of the receiver's input times the metric's gradient there. EAP (Syed et al. 2023).
    Eap,
    /// The same with the gradient averaged over runs between the two. EAP-IG (Hanna et al. 2024).
    EapIg {
        /// How many runs, 1 to 1,000.
        steps: usize,
    },
}

impl Scores {
    /// `exact`, `estimate`, `eap` or `eap-ig`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Estimate => "estimate",
            Self::Eap => "eap",
            Self::EapIg { .. } => "eap-ig",
        }
    }

    /// The runs of EAP-IG where nothing is said of them.
    pub const STEPS: usize = 5;

    /// One of the four by its name; `steps` is for EAP-IG, [`Scores::STEPS`] where `None`.
    ///
    /// # Errors
    /// [`Code::Option`] for another name; that of [`Scores::check`].
    pub fn of_name(name: &str, steps: Option<usize>) -> Result<Self> {
        let scores = match name {
            "exact" => Self::Exact,
            "estimate" => Self::Estimate,
            "eap" => Self::Eap,
            "eap-ig" => Self::EapIg {
                steps: steps.unwrap_or(Self::STEPS),
            },
            _ => {
                let expected = "exact, estimate, eap or eap-ig";
                return Err(Error::new(Code::Option, "scores", expected, name));
            }
        };
        scores.check()?;
        Ok(scores)
    }

    /// Check the number of runs.
    ///
    /// # Errors
    /// [`Code::Option`] for EAP-IG of no steps or more than 1,000.
    pub fn check(self) -> Result<()> {
        match self {
            Self::EapIg { steps } if !(1..=1_000).contains(&steps) => {
                Err(Error::new(Code::Option, "steps", "1 to 1000", steps))
            }
            _ => Ok(()),
        }
    }

    /// Whether they follow the gradient in the base run, and nothing but that.
    pub(crate) fn need_gradient_of_base(self) -> bool {
        matches!(self, Self::Estimate | Self::Eap)
    }
}
