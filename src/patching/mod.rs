//! Direct path patching: which head talks to which, and through which input.
//!
//! For a source head A = (sl, sh), a destination head B = (dl, dh) with dl > sl, and c in {q, k, v}:
//!
//! ```text
//! delta_resid = (z_clean - z_corr)[sl, sh] @ W_O[sl, sh]
//! delta_c     = (delta_resid / ln1_scale_corr[dl]) @ W_c[dl, dh]
//! c_patched   = c_corr[dl, dh] + delta_c
//! ```
//!
//! Everything after B is recomputed from `c_patched`; the metric of the final logits is the entry of the
//! edge. The LayerNorm scale stays that of the corrupted run, as in TransformerLens's
//! `direct_path_patching` up to 4.2 (after Wang et al. 2022, "Interpretability in the Wild", and Neel
//! Nanda's proposal in TransformerLens issue 111); or B's LayerNorm reads the changed residual stream as it
//! is, as TransformerLens does from 4.3 on: [`LayerNorm`].
//!
//! `memory` says how much may be held at once and `plan` cuts a batch of prompts to it, `runs` and `slice` hold the two
//! runs that every edge shares, `delta` what sources write as destinations read it, `propagate` the batched rest of
//! the model, `readout` what a metric makes of it and `scale` how that is reported, `estimate` the first-order
//! estimates, `schedule` which edges go together and when, `sweep` the whole, `detail` one edge by itself, `progress`
//! and `cost` how far a sweep is.

mod cost;
mod delta;
mod detail;
mod estimate;
pub mod graph;
mod grid;
mod memory;
mod patch;
mod plan;
mod progress;
mod propagate;
mod readout;
mod runs;
mod scale;
mod schedule;
mod slice;
mod sweep;
mod table;

pub use detail::{Both, EdgeDetail, HeadDetail, Moved, edge_detail, head_detail};
pub use estimate::{Estimates, estimate_direct_path_all_sources};
pub use graph::{Component, Head};
pub use grid::{Grid, all_heads};
pub use memory::Memory;
use patch::Read;
pub use patch::{Direction, LayerNorm, Replacement};
pub use progress::Progress;
pub use runs::Runs;
pub use sweep::{
    SweepOptions, Update, get_act_patch_direct_path, get_act_patch_direct_path_all_sources,
};
pub use table::{Cell, EdgeTable};
