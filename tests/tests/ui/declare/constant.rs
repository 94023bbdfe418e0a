use metrics_core::metrics;

metrics! {
    /// Things.
    const OPEN: Gauge = "app_open";
}

fn main() {}
