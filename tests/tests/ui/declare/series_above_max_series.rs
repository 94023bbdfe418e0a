use metrics_core::metrics;

metrics! {
    /// Things.
    #[max_series(3)]
    static DONE: Counter<(a: bool, b: bool)> = "app_done_total";
}

fn main() {}
