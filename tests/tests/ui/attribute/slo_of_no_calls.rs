use metrics_core::counted;

#[counted(slo(success = 0))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
