use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(native(growth = 1.1, growth = 1.2))]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
