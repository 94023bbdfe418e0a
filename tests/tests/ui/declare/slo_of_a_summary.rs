use metrics_core::metrics;

metrics! {
    /// Time to answer.
    #[slo(latency = "250ms", objective = 99.9)]
    static TOOK: Summary = "shop_answer_seconds";
}

fn main() {}
