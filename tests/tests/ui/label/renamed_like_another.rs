use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(method: &str, #[name("method")] verb: &str)> = "app_done_total";
}

fn main() {}
