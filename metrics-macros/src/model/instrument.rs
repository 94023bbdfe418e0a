//! [`Instrument`]: the properties by which `#[counted]`, `#[timed]` and `#[in_flight]` differ.

use proc_macro2::Ident;

/// A function attribute: `#[counted]`, `#[timed]` or `#[in_flight]`.
pub(crate) struct Instrument {
    /// The attribute's name.
    pub(crate) attribute: &'static str,
    /// The type in `metrics_core::__private::call` that records a call without `sample` or `busy`.
    pub(crate) recorder: &'static str,
    /// The constant of `metrics_core::__private::call::FunctionFamily` for `family`.
    pub(crate) shared_family: &'static str,
    /// The variant of `metrics_core::Kind` for the families of the attribute.
    pub(crate) kind: &'static str,
    /// The family that functions without the arguments `name` and `sample` share.
    pub(crate) family: &'static str,
    /// The help of `family`, and the default help of families with another name.
    pub(crate) help: &'static str,
    /// Whether the series may have the label `outcome`.
    pub(crate) has_outcome: bool,
    /// Whether the attribute records durations, in a histogram.
    pub(crate) is_timed: bool,
}

pub(crate) static COUNTED: Instrument = Instrument {
    attribute: "counted",
    recorder: "Counted",
    shared_family: "COUNTED",
    kind: "Counter",
    family: "function_calls_total",
    help: "Function calls, by outcome.",
    has_outcome: true,
    is_timed: false,
};

pub(crate) static TIMED: Instrument = Instrument {
    attribute: "timed",
    recorder: "Timed",
    shared_family: "TIMED",
    kind: "Histogram",
    family: "function_duration_seconds",
    help: "Duration of function calls, by outcome.",
    has_outcome: true,
    is_timed: true,
};

pub(crate) static IN_FLIGHT: Instrument = Instrument {
    attribute: "in_flight",
    recorder: "InFlightCall",
    shared_family: "IN_FLIGHT",
    kind: "Gauge",
    family: "function_calls_in_flight",
    help: "Function calls in progress.",
    has_outcome: false,
    is_timed: false,
};

impl Instrument {
    /// The function attribute called `name`.
    pub(crate) fn named(name: &Ident) -> Option<&'static Instrument> {
        [&COUNTED, &TIMED, &IN_FLIGHT]
            .into_iter()
            .find(|instrument| name == instrument.attribute)
    }
}
