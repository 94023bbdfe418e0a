use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter = "app_done";
}

fn main() {}
