use metrics_core::metrics;

metrics! {
    prefex = "app";

    /// Things.
    static OPEN: Gauge;
}

fn main() {}
