use metrics_core::metrics;

metrics! {
    /// Things.
    #[unit]
    static SENT: Counter = "app_sent_bytes_total";
}

fn main() {}
