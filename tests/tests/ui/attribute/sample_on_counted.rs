use metrics_core::counted;

#[counted(sample = 1/16)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
