//! `#[timed]`.

use crate::function::Measure;

/// Times calls by outcome.
pub(crate) struct Timed;

impl Measure for Timed {
    const ATTRIBUTE: &'static str = "timed";
    const RECORDER: &'static str = "Timed";
    const MEASURED: &'static str = "TIMED";
    const KIND: &'static str = "Histogram";
    const FAMILY: &'static str = "function_duration_seconds";
    const HELP: &'static str = "Time that calls of functions took, by how they ended.";
    const TIMED: bool = true;
}
