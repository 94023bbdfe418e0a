use metrics_core::timed;

#[timed(labels(le = a))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
