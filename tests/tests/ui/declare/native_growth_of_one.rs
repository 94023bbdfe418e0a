use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(growth = 1))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
