use metrics_core::timed;

#[timed(labels(function = 1))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
