use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter(to: &str, by: u8) = "app_done_total";
}

fn main() {
    DONE.with("a", 1).inc();
}
