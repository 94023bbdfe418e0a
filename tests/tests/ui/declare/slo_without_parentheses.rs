use metrics_core::metrics;

metrics! {
    /// Time to answer.
    #[slo]
    static TOOK: Histogram = "shop_answer_seconds";
}

fn main() {}
