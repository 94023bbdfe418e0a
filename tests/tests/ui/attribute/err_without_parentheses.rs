use metrics_core::counted;

#[counted(err)]
fn work(a: u32) -> Result<u32, std::fmt::Error> {
    Ok(a)
}

fn main() {}
