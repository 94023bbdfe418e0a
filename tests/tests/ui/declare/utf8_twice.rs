use metrics_core::metrics;

metrics! {
    /// Things.
    #[utf8]
    #[utf8]
    static OPEN: Gauge = "app.open";
}

fn main() {}
