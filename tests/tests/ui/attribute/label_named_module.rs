use metrics_core::counted;

#[counted(labels(module = a))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
