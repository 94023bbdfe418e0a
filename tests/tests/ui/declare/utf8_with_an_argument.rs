use metrics_core::metrics;

metrics! {
    /// Things.
    #[utf8(name)]
    static OPEN: Gauge = "app.open";
}

fn main() {}
