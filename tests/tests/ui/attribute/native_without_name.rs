use metrics_core::timed;

#[timed(buckets(native))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
