use metrics_core::Label;

#[derive(Label)]
enum Cache {
    #[label(rename = "a", rename = "b")]
    Hit,
}

fn main() {}
