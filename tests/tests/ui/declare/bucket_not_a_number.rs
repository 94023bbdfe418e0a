use metrics_core::metrics;

metrics! {
    /// Things.
    #[buckets(f64::NAN)]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
