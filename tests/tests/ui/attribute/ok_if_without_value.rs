use metrics_core::counted;

#[counted(ok_if)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
