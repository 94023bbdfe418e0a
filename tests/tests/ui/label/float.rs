use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(ratio: f64)> = "app_done_total";
}

fn main() {}
