use metrics_core::counted;

#[counted(unit = "bytes")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
