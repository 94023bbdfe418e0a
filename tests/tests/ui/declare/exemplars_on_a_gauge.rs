use metrics_core::metrics;

metrics! {
    /// Things.
    #[exemplars]
    static THINGS: Gauge = "app_things";
}

fn main() {}
