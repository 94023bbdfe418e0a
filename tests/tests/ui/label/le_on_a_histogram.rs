use metrics_core::metrics;

metrics! {
    /// Things.
    static TOOK: Histogram<(le: &str)> = "app_took_seconds";
}

fn main() {}
