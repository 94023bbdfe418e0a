//! [`Objective`]: a service level objective that a function or a histogram declares.

/// A service level objective of a function or a histogram.
///
/// Declared with `slo(...)` in a function's attribute, or `#[slo(...)]` on a histogram.
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
    /// At least `percent` % of the durations (of calls, or observed by a histogram) should be at
    /// most `seconds`.
    Latency {
        /// The longest duration that meets the objective; a bound of the histogram.
        seconds: f64,
        /// Percentage of the calls or observations, between 0 and 100.
        percent: f64,
    },
    /// At least `percent` % of the calls should succeed.
    Success {
        /// Percentage of the calls, between 0 and 100.
        percent: f64,
    },
}

#[cfg(feature = "catalog")]
impl Objective {
    /// The condition of the objective without the percentage, as text. Two objectives of one series
    /// with the same text differ in their percentage only.
    pub(crate) fn requirement(&self) -> String {
        match self {
            Objective::Latency { seconds, .. } => format!("latency {seconds}s"),
            Objective::Success { .. } => "success".to_owned(),
        }
    }

    /// The percentage of the calls or observations that must meet the condition.
    pub(crate) fn percent(&self) -> f64 {
        match *self {
            Objective::Latency { percent, .. } | Objective::Success { percent } => percent,
        }
    }
}
