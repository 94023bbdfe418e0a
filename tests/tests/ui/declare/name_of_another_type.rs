use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Gauge = 3;
}

fn main() {}
