use metrics_core::metrics;

struct Request { path: String }

metrics! {
    /// Things.
    static DONE: Counter<Request> = "app_done_total";
}

fn main() {}
