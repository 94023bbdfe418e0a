use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Gauge = "app_open_count";
}

fn main() {}
