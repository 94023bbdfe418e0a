use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[normalize("lower")] to: &str)> = "app_done_total";
}

fn main() {}
