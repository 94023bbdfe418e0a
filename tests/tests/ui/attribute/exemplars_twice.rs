use metrics_core::counted;

#[counted(exemplars, exemplars)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
