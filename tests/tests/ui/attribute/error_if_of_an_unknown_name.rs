use metrics_core::counted;

#[counted(error_if = is_odd)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
