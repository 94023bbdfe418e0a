use metrics_core::metrics;

metrics! {
    /// Things.
    #[computed(|| "many")]
    static OPEN: Gauge = "app_open";
}

fn main() {}
