use metrics_core::metrics;

fn half(n: u64) -> u64 {
    n / 2
}

metrics! {
    /// Things.
    static DONE: Counter<(#[normalize(half)] to: &str)> = "app_done_total";
}

fn main() {}
