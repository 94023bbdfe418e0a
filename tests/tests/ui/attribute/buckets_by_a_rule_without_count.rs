use metrics_core::timed;

#[timed(name = "app_work_seconds", buckets(linear(0.1, 0.1)))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
