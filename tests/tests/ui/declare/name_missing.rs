use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Gauge;
}

fn main() {}
