use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[name(5)] method: &str)> = "app_done_total";
}

fn main() {}
