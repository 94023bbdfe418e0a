use metrics_core::metrics;

metrics! {
    /// Things.
    #[absent_until_set]
    static THINGS: UpDownCounter = "app_things";
}

fn main() {}
