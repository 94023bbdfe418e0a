use metrics_core::metrics;

metrics! {
    static OPEN: Gauge = "app_open";

    /// Things.
    #[buckets(1.0)]
    static DONE: Counter = "app_done_total";

    /// Things.
    static TOOK: Histgram = "app_took_seconds";

    /// Things.
    static SENT: Counter = "app_sent";
}

fn main() {}
