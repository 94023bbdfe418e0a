use metrics_core::timed;

#[timed]
fn work(text: &str) -> Result<u32, ()> {
    let number: u32 = text.parse()?;
    Ok(number)
}

fn main() {}
