use metrics_core::counted;

#[counted(name = "app_work")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
