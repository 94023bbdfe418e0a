use metrics_core::timed;

#[timed(sample = 16)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
