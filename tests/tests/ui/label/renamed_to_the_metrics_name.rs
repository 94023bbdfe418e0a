use metrics_core::metrics;

metrics! {
    /// Things.
    #[utf8]
    static DONE: Counter<(#[name("..name..")] method: &str)> = "app_done_total";
}

fn main() {}
