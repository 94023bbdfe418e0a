use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[allow_only("a", else = "b", "c")] to: &str)> = "app_done_total";
}

fn main() {}
