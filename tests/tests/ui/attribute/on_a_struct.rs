use metrics_core::counted;

#[counted]
struct Work;

fn main() {}
