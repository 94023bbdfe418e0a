use metrics_core::Labels;

#[derive(Labels)]
#[label(flatten, skip)]
struct Request {
    #[label(flatten, rename = "area")]
    zone: bool,
    #[label(skip, display)]
    letter: char,
    #[label(other)]
    route: u8,
}

fn main() {}
