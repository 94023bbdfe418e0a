use metrics_core::timed;

#[timed(name = "app_work_seconds", buckets(native(negative)))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
