use metrics_core::metrics;

metrics! {
    /// Things.
    #[utf8]
    static OPEN: Gauge = "__app.open";
}

fn main() {}
