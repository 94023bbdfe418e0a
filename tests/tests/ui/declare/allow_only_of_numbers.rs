use metrics_core::metrics;

metrics! {
    /// Things.
    static DONE: Counter<(#[allow_only(200, 404)] status: &str)> = "app_done_total";
}

fn main() {}
