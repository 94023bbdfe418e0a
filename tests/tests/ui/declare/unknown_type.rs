use metrics_core::metrics;

metrics! {
    /// Things.
    static OPEN: Guage = "app_open";
}

fn main() {}
