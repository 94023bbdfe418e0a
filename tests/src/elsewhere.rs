//! A macro that expands to an instrumented function and a declaration in the crate that calls it.

/// Defines a counted function and a metric.
#[macro_export]
macro_rules! instrumented_elsewhere {
    () => {
        #[::metrics_core::counted]
        pub(crate) fn written_elsewhere() {}

        ::metrics_core::metrics! {
            /// Calls.
            static ELSEWHERE: Counter = "places_elsewhere_total";
        }
    };
}
