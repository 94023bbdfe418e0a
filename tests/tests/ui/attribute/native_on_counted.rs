use metrics_core::counted;

#[counted(name = "app_work_total", buckets(native))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
