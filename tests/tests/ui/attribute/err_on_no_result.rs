use metrics_core::counted;

#[counted(err(fault))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
