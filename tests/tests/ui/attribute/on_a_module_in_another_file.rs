use metrics_core::counted;

#[counted]
mod elsewhere;

fn main() {}
