use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Gauge = "2nd_open";
}

fn main() {}
