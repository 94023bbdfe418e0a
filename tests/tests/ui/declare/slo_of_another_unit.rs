use metrics_core::metrics;

metrics! {
    /// Size of answers.
    #[slo(latency = "1s", objective = 99.9)]
    static SIZE: Histogram = "shop_answer_bytes";
}

fn main() {}
