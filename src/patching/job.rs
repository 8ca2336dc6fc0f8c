//! A piece of a sweep. It can be done anywhere that has the model, all prompts (a mean is taken over them) and the metric.

use std::future::Future;

use serde::{Deserialize, Serialize};

use super::{
    graph::{Edge, Receiver, Stage},
    patch::Patch,
    window::Window,
};
use crate::error::Result;

/// One run of the model to be measured: an edge patched in the base run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// What is patched.
    pub edge: Edge,
    /// The only position at which it is, or every one where `None`.
    pub at: Option<usize>,
}

impl Variant {
    /// An edge patched at every position.
    pub fn whole(edge: Edge) -> Self {
        Self { edge, at: None }
    }

    /// An edge patched at one position alone.
    pub fn at(edge: Edge, position: usize) -> Self {
        Self {
            edge,
            at: Some(position),
        }
    }
}

/// Variants whose receivers read at one stage, on some prompts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// How its edges are patched.
    pub patch: Patch,
    /// Where the receivers read.
    pub enter: Stage,
    /// The positions that are worked on.
    pub window: Window,
    /// The prompts, counted from 0.
    pub prompts: Vec<usize>,
    /// What is patched, by receiver, then sender.
    pub variants: Vec<Variant>,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// `[variant][prompt]`, the metric as measured; one number for all prompts where the metric gives but one.
    pub values: Vec<Vec<f32>>,
}

/// Something that does jobs.
pub(super) trait Executor {
    /// How many jobs it likes to know of beside the one that is waited for.
    fn ahead(&self) -> usize;

    /// Do a job. Those that follow it, at most [`Executor::ahead`], may be begun: they are asked for next, in this order.
    ///
    /// # Errors
    /// [`Code::Option`](crate::error::Code::Option) for a job that it is not made for; those of the device and of a
    /// pause.
    fn run(&mut self, job: &Job, following: &[Job]) -> impl Future<Output = Result<Done>>;

    /// Wait for what was begun and is not wanted any more: to be called once a job or what came after it has failed.
    fn settle(&mut self) -> impl Future<Output = ()>;
}

/// The variants in the order of their receivers' heads, so that what is multiplied by the same weights is one product.
pub(super) fn by_head(variants: &[Variant]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..variants.len()).collect();
    order.sort_by_key(|i| match variants[*i].edge.to {
        Receiver::Head(head, _) => Some(head.head),
        Receiver::Mlp(_) | Receiver::Logits => None,
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patching::patch::{Direction, LayerNorm, Replacement};

    #[test]
    fn a_job_is_written_with_the_names_of_its_edges_and_read_back() {
        let edge = |name: &str| name.parse::<Edge>().unwrap();
        let job = Job {
            patch: Patch {
                direction: Direction::Noise,
                replacement: Replacement::Mean,
                layer_norm: LayerNorm::Exact,
            },
            enter: Stage::mid(1),
            window: Window { first: 3, rows: 2 },
            prompts: vec![4, 6],
            variants: vec![
                Variant::whole(edge("a0.h1->m1")),
                Variant::at(edge("m0->m1"), 4),
            ],
        };
        let text = serde_json::to_string(&job).unwrap();
        assert!(text.contains(r#""edge":"a0.h1->m1""#), "{text}");
        assert!(text.contains(r#""replacement":"mean""#), "{text}");
        assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job);
        let done = Done {
            values: vec![vec![1.5, -2.0], vec![0.0, 3.0]],
        };
        let text = serde_json::to_string(&done).unwrap();
        assert_eq!(serde_json::from_str::<Done>(&text).unwrap(), done);
    }
}
