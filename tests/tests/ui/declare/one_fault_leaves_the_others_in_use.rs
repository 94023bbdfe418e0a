use metrics_core::metrics;

metrics! {
    static OPEN: Gauge = "app_open";
    /// Things.
    static DONE: Counter = "app_done_total";
}

fn main() {
    OPEN.set(1);
    DONE.inc();
}
