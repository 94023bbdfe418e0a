use metrics_core::metrics;

metrics! {
    /// Things.
    #[computed(|| 1.0)]
    static TOOK: Histogram = "app_took_seconds";
}

fn main() {}
