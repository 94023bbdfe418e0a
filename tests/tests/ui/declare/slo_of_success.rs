use metrics_core::metrics;

metrics! {
    /// Time to answer.
    #[slo(success = 99.9)]
    static TOOK: Histogram = "shop_answer_seconds";
}

fn main() {}
