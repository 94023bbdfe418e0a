use metrics_core::counted;

#[counted(labels(b))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
