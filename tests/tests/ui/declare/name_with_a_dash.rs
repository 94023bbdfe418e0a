use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Gauge = "app-open";
}

fn main() {}
