use metrics_core::Labels;

#[derive(Labels)]
struct Request {
    path: String,
    #[label(rename = "path")]
    route: String,
}

fn main() {}
