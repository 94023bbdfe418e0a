use metrics_core::timed;

#[timed(busy, sample = 1/16)]
async fn work(a: u32) -> u32 {
    a
}

fn main() {}
