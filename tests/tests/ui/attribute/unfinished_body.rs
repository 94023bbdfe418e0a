use metrics_core::counted;

#[counted]
fn work() -> u32 {
    let a = ;
    1
}

fn main() {}
