use metrics_core::metrics;

metrics! {
    /// Things.
    #[max_series(10)]
    static DONE: Counter = "app_done_total";
}

fn main() {}
