use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(exponential(0.1, 1.0, 4))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
