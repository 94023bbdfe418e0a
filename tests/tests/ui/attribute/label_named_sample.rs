use metrics_core::timed;

#[timed(labels(sample = a), sample = 1/16)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
