use metrics_core::Labels;

#[derive(Labels)]
struct Request {
    #[label(rename_all = "lowercase")]
    path: String,
}

fn main() {}
