use metrics_core::counted;

#[counted(slo = 99.9)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
