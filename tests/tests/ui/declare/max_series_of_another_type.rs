use metrics_core::metrics;

metrics! {
    /// Things.
    #[max_series("ten")]
    static DONE: Counter<(to: &str)> = "app_done_total";
}

fn main() {}
