use metrics_core::timed;

#[timed(busy)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
