use metrics_core::metrics;

fn len(text: &str) -> f64 {
    text.len() as f64
}

metrics! {
    /// Things.
    static DONE: Counter<(#[normalize(len)] to: &str)> = "app_done_total";
}

fn main() {}
