use metrics_core::metrics;

metrics! {
    /// Things.
    #[exemplars]
    #[computed(|| 1.0)]
    static THINGS: Counter = "app_things_total";
}

fn main() {}
