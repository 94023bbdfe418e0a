use metrics_core::timed;

#[timed(name = "app_work_seconds", buckets(0.1, native))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
