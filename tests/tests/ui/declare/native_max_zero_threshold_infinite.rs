use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(max_zero_threshold = f64::INFINITY))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
