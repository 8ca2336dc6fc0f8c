//! Trains pathpatch's bundled model and measures which circuit it grew.

pub mod data;
pub mod export;
pub mod measure;
pub mod model;
pub mod train;
mod words;
