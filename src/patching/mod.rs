//! Path patching: what each edge of the graph carries, from a node that writes to a node that reads.
//!
//! ```text
//! delta   = (what the sender writes in the other run) - (what it writes in the base run)
//! reads   = LN(base_input + delta) W                     exact LayerNorm
//!         = LN(base_input) W + (delta / base_scale) W    frozen
//! ```
//!
//! Only this receiver reads the change; everything after it is run again, and the metric of the final logits is the
//! edge's value. Denoising, the base run is the corrupted one, as in TransformerLens's direct path patching (after Wang et
//! al. 2022, "Interpretability in the Wild", and Neel Nanda's proposal in TransformerLens issue 111); noising, the clean
//! one, as in ACDC and EAP-IG. The frozen LayerNorm is that of TransformerLens up to 4.2, the exact one that of later ones
//! and of EAP-IG. What goes in may be a mean or nothing too: [`Replacement`].
//!
//! `graph` has the nodes and edges, `patch` the ways to patch them, `table` and `grid` what is known of them.
//! `memory` says how much may be held at once and `plan` cuts a batch of prompts to it; `runs` and `slice` hold the
//! runs that every edge shares. `read` is what receivers make of a delta, `forward` the batched rest of the model,
//! `entries` a shorter way into it, `readout` what a metric makes of it, `baseline` and `scale` how that is told.
//! `schedule` says which edges go together and when, `job` and `execute` what one piece of it is and `work` how all
//! pieces are done, `crew` and `pipeline` do them with several workers, `sweep` is the whole; `heads` has the calls by
//! TransformerLens's names, `estimate` what comes before exact values, `check` how far that is off, `detail` one edge
//! by itself, `predictions` what the runs say next, `progress` and `cost` how far a sweep is.

mod baseline;
mod both;
mod cell;
mod check;
mod cost;
mod crew;
mod detail;
mod entries;
mod estimate;
mod execute;
mod forward;
mod gradient;
pub mod graph;
mod grid;
mod heads;
mod job;
mod memory;
mod patch;
mod pipeline;
mod plan;
mod predictions;
mod progress;
mod read;
mod readout;
mod runs;
mod scale;
mod schedule;
mod scores;
mod slice;
mod sweep;
mod table;
mod window;
mod work;

pub use both::Both;
pub use cell::Cell;
pub use check::Check;
pub use crew::{Crew, CrewEvent, Link, Member, Parcel, simulate};
pub use detail::{EdgeDetail, HeadDetail, Moved, edge_detail, head_detail};
pub use estimate::{ByPosition, Estimates, estimate_direct_path_all_sources};
// Documented where they are.
#[doc(no_inline)]
pub use graph::{Component, Edge, Graph, Head, Receiver, Sender};
pub use grid::{Grid, all_heads};
pub use heads::{
    SweepOptions, Update, get_act_patch_direct_path, get_act_patch_direct_path_all_sources,
};
pub use job::{Done, Job, Variant};
pub use memory::Memory;
pub use patch::{Direction, LayerNorm, Patch, Replacement};
pub(crate) use plan::first_changes;
pub use predictions::{PairPredictions, Prediction, predictions};
pub use progress::Progress;
pub(crate) use runs::LastRuns;
pub use runs::Runs;
pub use scores::Scores;
pub use sweep::{EdgeOptions, EdgeResult, EdgeUpdate, sweep_edges};
pub use table::EdgeTable;
pub use window::Window;
