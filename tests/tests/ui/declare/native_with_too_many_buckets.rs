use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(max_buckets = 161))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
