use metrics_core::counted;

#[counted(ok_if = |a| a + 1)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
