use metrics_core::metrics;

const HELP: &str = "Things.";

metrics! {
    #[doc = HELP]
    static DONE: Counter = "app_done_total";
}

fn main() {}
