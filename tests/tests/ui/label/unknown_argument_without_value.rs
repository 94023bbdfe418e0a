use metrics_core::Label;

#[derive(Label)]
enum Cache {
    #[label(skip)]
    Hit,
}

fn main() {}
