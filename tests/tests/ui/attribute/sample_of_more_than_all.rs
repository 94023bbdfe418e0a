use metrics_core::timed;

#[timed(sample = 5/4)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
