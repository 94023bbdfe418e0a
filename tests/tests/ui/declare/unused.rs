#![deny(dead_code)]

use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter = "app_done_total";
    /// Things by kind.
    static DONE_BY: Counter<(kind: &str)> = "app_done_by_total";
    /// The time.
    #[computed(|| 0.0)]
    static COMPUTED: Gauge = "app_time_seconds";
}

fn main() {}
