use metrics_core::Labels;

#[derive(Labels)]
struct Request<'a> {
    #[label(flatten)]
    zone: &'a str,
}

fn main() {}
