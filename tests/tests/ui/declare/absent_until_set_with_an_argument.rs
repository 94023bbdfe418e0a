use metrics_core::metrics;

metrics! {
    /// Things.
    #[absent_until_set(true)]
    static THINGS: Gauge = "app_things";
}

fn main() {}
