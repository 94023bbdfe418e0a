use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(zero_threshold = -1e-9))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
