use metrics_core::metrics;

metrics! {
    /// Things.
    #[computed(|| 1.0)]
    #[max_series(3)]
    static OPEN: Gauge = "app_open";
}

fn main() {}
