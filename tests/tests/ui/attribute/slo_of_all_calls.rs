use metrics_core::timed;

#[timed(slo(latency = "250ms", objective = 100))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
