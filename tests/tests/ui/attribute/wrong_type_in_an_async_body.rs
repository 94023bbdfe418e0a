use metrics_core::counted;

#[counted]
async fn work() -> Result<u32, ()> {
    Ok("one")
}

fn main() {}
