use metrics_core::counted;

#[counted(slo(latency = "250ms", objective = 99.9))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
