use metrics_core::Labels;

#[derive(Labels)]
struct Request {
    ratio: f64,
}

fn main() {}
