use metrics_core::counted;

#[counted(slo())]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
