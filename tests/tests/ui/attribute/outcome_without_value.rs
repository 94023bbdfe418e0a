use metrics_core::counted;

#[counted(outcome)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
