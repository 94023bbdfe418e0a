use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Gauge = "app_open_total";
}

fn main() {}
