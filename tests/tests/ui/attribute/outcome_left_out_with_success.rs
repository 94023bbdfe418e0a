use metrics_core::counted;

#[counted(outcome = false, slo(success = 99.5))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
