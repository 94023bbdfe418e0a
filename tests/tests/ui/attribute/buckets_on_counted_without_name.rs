use metrics_core::counted;

#[counted(buckets(0.1))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
