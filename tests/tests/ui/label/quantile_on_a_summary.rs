use metrics_core::metrics;

metrics! {
    /// Things.
    static TOOK: Summary<(quantile: &str)> = "app_took_seconds";
}

fn main() {}
