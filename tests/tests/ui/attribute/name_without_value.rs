use metrics_core::counted;

#[counted(name)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
