use metrics_core::timed;

#[timed(buckets(0.1, 1.0))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
