use metrics_core::Label;

#[derive(Label)]
#[label(rename = "a")]
enum Cache {
    Hit,
}

fn main() {}
