use metrics_core::timed;

#[timed(name = "app_work_seconds", help = "Work.", unit = "bytes")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
