use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(__name__: &str)> = "app_done_total";
}

fn main() {}
