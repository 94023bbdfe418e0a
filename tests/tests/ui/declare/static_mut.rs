use metrics_core::metrics;

metrics! {
    /// Things.
    static mut OPEN: Gauge = "app_open";
}

fn main() {}
