//! `pathpatch graph`: every edge of a model, written to a file.
//!
//! `scored` chooses the edges and puts them in EAP-IG's order; `json`, `npy`, `dot` and `csv` each make the text or the
//! bytes of a file from a result and do nothing else.

pub mod command;
mod csv;
mod date;
mod dot;
mod json;
mod npy;
pub mod out_file;
mod scored;
