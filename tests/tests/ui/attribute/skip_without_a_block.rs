use metrics_core::counted;

#[counted(skip)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
