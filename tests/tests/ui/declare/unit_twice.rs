use metrics_core::metrics;

metrics! {
    /// Things.
    #[unit("bytes")]
    #[unit("bytes")]
    static SENT: Counter = "app_sent_bytes_total";
}

fn main() {}
