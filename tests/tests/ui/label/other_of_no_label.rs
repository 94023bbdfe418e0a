use metrics_core::Label;

#[derive(Label)]
enum Method {
    Get,
    #[label(other)]
    Other(f64),
}

fn main() {}
