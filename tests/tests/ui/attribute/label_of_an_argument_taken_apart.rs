use metrics_core::counted;

#[counted(labels(pair))]
fn work((a, b): (u32, u32)) -> u32 {
    a + b
}

fn main() {}
