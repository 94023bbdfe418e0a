use metrics_core::Label;

#[derive(Label)]
struct Cache;

fn main() {}
