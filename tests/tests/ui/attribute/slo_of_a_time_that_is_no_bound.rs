use metrics_core::timed;

#[timed(slo(latency = "251ms", objective = 99.9))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
