use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(self: &str)> = "app_done_total";
}

fn main() {}
