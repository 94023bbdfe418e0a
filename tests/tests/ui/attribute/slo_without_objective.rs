use metrics_core::timed;

#[timed(slo(latency = "250ms"))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
