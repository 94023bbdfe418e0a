use metrics_core::Labels;

#[derive(Labels)]
struct Request(String);

fn main() {}
