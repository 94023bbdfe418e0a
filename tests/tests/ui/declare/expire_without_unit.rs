use metrics_core::metrics;

metrics! {
    /// Things.
    #[expire("60")]
    static DONE: Counter<(to: &str)> = "app_done_total";
}

fn main() {}
