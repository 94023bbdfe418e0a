use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(größe: &str)> = "app_done_total";
}

fn main() {}
