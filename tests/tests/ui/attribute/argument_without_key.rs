use metrics_core::counted;

#[counted("app_work_total")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
