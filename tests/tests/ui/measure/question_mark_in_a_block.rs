use metrics_core::measure;

fn parse(text: &str) -> Result<u8, std::num::ParseIntError> {
    let number = measure!("parse", timed, { text.parse::<u8>()? });
    Ok(number)
}

fn main() {
    let _ = parse("1");
}
