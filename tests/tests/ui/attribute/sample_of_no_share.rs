use metrics_core::timed;

#[timed(sample = "x")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
