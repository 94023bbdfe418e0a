use metrics_core::metrics;

metrics! {
    /// Time to answer.
    #[slo(latency = "300ms", objective = 99.9)]
    static TOOK: Histogram = "shop_answer_seconds";
}

fn main() {}
