use metrics_core::{Labels, metrics};

#[derive(Labels)]
#[label(utf8)]
struct Request {
    #[label(rename = "http.path")]
    path: String,
}

metrics! {
    /// Things.
    static DONE: Counter<Request> = "app_done_total";
}

fn main() {}
