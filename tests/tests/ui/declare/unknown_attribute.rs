use metrics_core::metrics;

metrics! {
    /// Things.
    #[bucket(0.1, 1.0)]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
