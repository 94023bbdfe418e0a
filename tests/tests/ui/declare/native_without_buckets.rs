use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(max_buckets = 0), 1.0)]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
