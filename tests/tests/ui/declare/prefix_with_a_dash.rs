use metrics_core::metrics;

metrics! {
    prefix = "my-app";

    /// Things.
    static OPEN: Gauge;
}

fn main() {}
