use metrics_core::metrics;

metrics! {
    /// Things.
    static THINGS: Counter = concat!("app_things", ".total");
}

fn main() {}
