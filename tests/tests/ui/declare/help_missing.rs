use metrics_core::metrics;

metrics! {
    static OPEN: Gauge = "app_open";
}

fn main() {}
