use metrics_core::metrics;

metrics! {
    /// Things.
    #[unit("bytes")]
    static SENT: Counter = "app_sent_total";
}

fn main() {}
