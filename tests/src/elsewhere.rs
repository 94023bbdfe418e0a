//! A macro that writes an instrumented function and a declaration into other crates.

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
