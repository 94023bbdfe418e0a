use metrics_core::Label;

#[derive(Label)]
enum Cache {
    Hit,
    #[label(rename = "hit")]
    Found,
}

fn main() {}
