use metrics_core::{Labels, metrics};

#[derive(Labels)]
struct Request { le: String }

metrics! {
    /// Things.
    static TOOK: Histogram<Request> = "app_took_seconds";
}

fn main() {}
