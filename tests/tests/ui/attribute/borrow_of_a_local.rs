use metrics_core::counted;

#[counted]
fn work<'a>(_: &'a str) -> Result<&'a str, ()> {
    let text = String::new();
    Ok(&text)
}

fn main() {}
