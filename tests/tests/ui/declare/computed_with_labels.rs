use metrics_core::metrics;

metrics! {
    /// Things.
    #[computed(|| 1.0)]
    static OPEN: Gauge<(pool: &str)> = "app_open";
}

fn main() {}
