use metrics_core::counted;

#[counted]
fn work() -> Result<u32, ()> {
    1;
}

fn main() {}
