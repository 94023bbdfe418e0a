use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[name("a")] #[name("b")] method: &str)> = "app_done_total";
}

fn main() {}
