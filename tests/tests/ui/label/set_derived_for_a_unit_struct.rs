use metrics_core::Labels;

#[derive(Labels)]
struct Request;

fn main() {}
