use metrics_core::counted;

#[counted(exemplars = true)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
