use metrics_core::metrics;

metrics! {
    /// Things.
    #[absent_until_set]
    #[computed(|| 1.0)]
    static THINGS: Gauge = "app_things";
}

fn main() {}
