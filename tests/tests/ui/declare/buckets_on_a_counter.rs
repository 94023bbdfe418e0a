use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(0.1)]
    static DONE: Counter = "app_done_total";
}

fn main() {}
