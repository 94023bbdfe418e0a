use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[allow_only("a")] #[allow_only("b")] to: &str)> = "app_done_total";
}

fn main() {}
