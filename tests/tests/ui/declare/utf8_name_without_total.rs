use metrics_core::metrics;

metrics! {
    /// Things.
    #[utf8]
    static DONE: Counter = "app.done";
}

fn main() {}
