use metrics_core::timed;

#[timed(help = "Work.", buckets(0.1), labels(outcome = a), size = 3)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
