use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(le: &str)> = "app_done_total";
}

fn main() {}
