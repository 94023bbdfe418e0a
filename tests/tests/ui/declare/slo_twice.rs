use metrics_core::metrics;

metrics! {
    /// Time to answer.
    #[slo(latency = "250ms", objective = 99.9)]
    #[slo(latency = "1s", objective = 99.99)]
    static TOOK: Histogram = "shop_answer_seconds";
}

fn main() {}
