use metrics_core::timed;

#[timed(slo(latency = "250ms", latency = "100ms", objective = 99.9))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
