use metrics_core::counted;

#[counted(outcome = false, fallible = true)]
fn work(a: u32) -> Result<u32, std::fmt::Error> {
    Ok(a)
}

fn main() {}
