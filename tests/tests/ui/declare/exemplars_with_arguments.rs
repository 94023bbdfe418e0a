use metrics_core::metrics;

metrics! {
    /// Things.
    #[exemplars(10)]
    static THINGS: Counter = "app_things_total";
}

fn main() {}
