use metrics_core::counted;

#[counted(labels(outcome = 1))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
