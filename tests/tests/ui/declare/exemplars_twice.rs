use metrics_core::metrics;

metrics! {
    /// Things.
    #[exemplars]
    #[exemplars]
    static THINGS: Counter = "app_things_total";
}

fn main() {}
