use metrics_core::timed;

#[timed(name = "app_work")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
