use metrics_core::counted;

#[counted]
fn work() -> Result<u32, ()> {
    Ok("one")
}

fn main() {}
