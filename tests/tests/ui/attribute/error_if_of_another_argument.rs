use metrics_core::counted;

#[counted(error_if = |a, b| a > b)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
