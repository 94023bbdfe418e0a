use metrics_core::Labels;

#[derive(Labels)]
struct Request {
    #[label(rename = "the path")]
    path: String,
}

fn main() {}
