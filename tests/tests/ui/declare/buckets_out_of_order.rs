use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(0.1, 1.0, 0.5)]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
