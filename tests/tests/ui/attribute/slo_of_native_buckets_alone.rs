use metrics_core::timed;

#[timed(name = "app_work_seconds", buckets(native), slo(latency = "250ms", objective = 99.9))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
