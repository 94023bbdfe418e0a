use metrics_core::Labels;

#[derive(Labels)]
enum Request {
    Get,
}

fn main() {}
