use metrics_core::counted;

#[counted(fallible = false, error_if = |a| *a > 1)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
