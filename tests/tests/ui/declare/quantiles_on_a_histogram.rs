use metrics_core::metrics;

metrics! {
    /// Things.
    #[quantiles(0.5)]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
