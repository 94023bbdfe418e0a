use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(growth))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
