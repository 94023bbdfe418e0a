//! `#[counted]`.

use crate::function::Measure;

/// Counts calls by outcome.
pub(crate) struct Counted;

impl Measure for Counted {
    const ATTRIBUTE: &'static str = "counted";
    const RECORDER: &'static str = "Counted";
    const MEASURED: &'static str = "COUNTED";
    const KIND: &'static str = "Counter";
    const FAMILY: &'static str = "function_calls_total";
    const HELP: &'static str = "Calls of functions, by how they ended.";
}
