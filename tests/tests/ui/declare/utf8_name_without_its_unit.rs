use metrics_core::metrics;

metrics! {
    /// Things.
    #[utf8]
    #[unit("bytes")]
    static SIZE: Gauge = "app.bytes";
}

fn main() {}
