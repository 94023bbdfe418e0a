use metrics_core::counted;

#[counted]
fn work() -> Result<Missing, ()> {
    loop {}
}

fn main() {}
