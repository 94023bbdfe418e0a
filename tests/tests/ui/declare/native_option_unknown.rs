use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(factor = 1.1))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
