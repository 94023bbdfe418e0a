//! `#[in_flight]`.

use crate::function::Measure;

/// Counts calls in progress.
pub(crate) struct InFlight;

impl Measure for InFlight {
    const ATTRIBUTE: &'static str = "in_flight";
    const RECORDER: &'static str = "InFlight";
    const MEASURED: &'static str = "IN_FLIGHT";
    const KIND: &'static str = "Gauge";
    const FAMILY: &'static str = "function_calls_in_flight";
    const HELP: &'static str = "Calls of functions in progress.";
    const OUTCOME: bool = false;
}
