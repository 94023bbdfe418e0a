use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[allow("a")] to: &str)> = "app_done_total";
}

fn main() {}
