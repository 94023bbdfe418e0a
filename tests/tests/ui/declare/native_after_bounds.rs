use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(0.1, native)]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
