use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Gauge = "_open";
}

fn main() {}
