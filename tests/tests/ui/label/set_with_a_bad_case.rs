use metrics_core::Labels;

#[derive(Labels)]
#[label(rename_all = "kebab-case")]
struct Request {
    route_path: String,
}

fn main() {}
