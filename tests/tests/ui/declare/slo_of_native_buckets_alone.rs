use metrics_core::metrics;

metrics! {
    /// Time to answer.
    #[buckets(native)]
    #[slo(latency = "250ms", objective = 99.9)]
    static TOOK: Histogram = "shop_answer_seconds";
}

fn main() {}
