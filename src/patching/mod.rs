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
//! `direct_path_patching` (after Wang et al. 2022, "Interpretability in the Wild", and Neel Nanda's
//! proposal in TransformerLens issue 111).
//!
//! `runs` holds the two runs that every edge shares, `delta` what sources write as destinations read it,
//! `propagate` the batched rest of the model, `sweep` the order and the chunks. Leaves out first-order
//! estimates and a destination LayerNorm that renormalises. Never sees strings or a choice of device.

mod delta;
mod edge;
mod grid;
mod propagate;
mod runs;
mod sweep;

pub use edge::{Component, Head};
pub use grid::{Grid, all_heads};
pub use runs::Runs;
pub use sweep::{
    Progress, SweepOptions, get_act_patch_direct_path, get_act_patch_direct_path_all_sources,
};
