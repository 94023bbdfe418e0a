use metrics_core::counted;

#[counted]
const WORK: u32 = 1;

fn main() {}
