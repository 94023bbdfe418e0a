use metrics_core::Label;

#[derive(Label)]
enum Cache {}

fn main() {}
