use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<&str> = "app_done_total";
}

fn main() {
    DONE.with("a").inc();
}
