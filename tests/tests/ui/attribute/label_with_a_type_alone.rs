use metrics_core::counted;

#[counted(labels(a: u32))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
