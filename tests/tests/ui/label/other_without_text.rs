use metrics_core::Label;

#[derive(Label)]
enum Method {
    Get,
    #[label(other)]
    Other,
}

#[derive(Label)]
enum Twice {
    #[label(other)]
    Text(String),
    #[label(other, rename = "number")]
    Number(u8),
    #[label(skip)]
    None,
    #[label(flatten)]
    Inner(u8),
}

fn main() {}
