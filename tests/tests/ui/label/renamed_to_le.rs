use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[name("le")] method: &str)> = "app_done_total";
}

fn main() {}
