//! The graph of GPT-2: senders that write into the residual stream, receivers that read it, edges between them.
//!
//! An edge exists where its sender has written before its receiver reads: a head reaches the MLP of its own layer,
//! and heads of one layer do not reach each other. Nodes, names, counts and order are those of EAP-IG.

mod edge;
mod node;
mod shape;
mod stage;

pub use edge::Edge;
pub use node::{Component, Head, Receiver, Sender};
pub use shape::Graph;
pub use stage::Stage;
