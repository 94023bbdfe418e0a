use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[allow_only("a")] to: f64)> = "app_done_total";
}

fn main() {}
