use metrics_core::counted;

#[counted(labels(half = f64::from(a) / 2.0))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
