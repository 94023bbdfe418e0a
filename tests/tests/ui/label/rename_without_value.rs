use metrics_core::Label;

#[derive(Label)]
enum Cache {
    #[label(rename)]
    Hit,
}

fn main() {}
