use metrics_core::counted;

#[counted]
const fn work() -> u32 {
    1
}

fn main() {}
