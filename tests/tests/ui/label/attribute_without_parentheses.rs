use metrics_core::Label;

#[derive(Label)]
enum Cache {
    #[label]
    Hit,
}

fn main() {}
