use metrics_core::counted;

#[counted(fallible = "yes")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
