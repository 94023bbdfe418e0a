//! Service level objectives.

/// What a function's calls are held to: an argument `slo(...)` of its attribute, or an attribute
/// `#[slo(...)]` of a declared histogram.
///
/// ```
/// use metrics_core::timed;
///
/// /// 99.9 % of the calls take 0.25 s or less.
/// #[timed(slo(latency = "250ms", objective = 99.9))]
/// fn answer() {}
/// # answer();
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Objective {
    /// So many calls in a hundred take no longer than this.
    Latency {
        /// The longest time; one of the histogram's bounds.
        seconds: f64,
        /// Calls in a hundred.
        percent: f64,
    },
    /// So many calls in a hundred end as `ok`.
    Success {
        /// Calls in a hundred.
        percent: f64,
    },
}
