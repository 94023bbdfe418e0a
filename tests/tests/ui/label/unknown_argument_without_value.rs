use metrics_core::Label;

#[derive(Label)]
enum Cache {
    #[label(omit)]
    Hit,
}

fn main() {}
