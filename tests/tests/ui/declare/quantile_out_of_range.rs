use metrics_core::metrics;

metrics! {
    /// Things.
    #[quantiles(0.5, 99.0)]
    static TOOK: Summary = "app_took_seconds";
}

fn main() {}
