use metrics_core::counted;

#[counted(skip(a))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
