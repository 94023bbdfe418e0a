use metrics_core::metrics;

metrics! {
    /// Things.
    #[expire("1h")]
    static DONE: Counter = "app_done_total";
}

fn main() {}
