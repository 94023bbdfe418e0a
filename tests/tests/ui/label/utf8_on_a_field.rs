use metrics_core::Labels;

#[derive(Labels)]
struct Request {
    #[label(rename = "http.path", utf8)]
    path: String,
}

fn main() {}
