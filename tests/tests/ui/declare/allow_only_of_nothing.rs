use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[allow_only()] to: &str)> = "app_done_total";
}

fn main() {}
