use metrics_core::Label;

#[derive(Label)]
#[label(utf8)]
enum Cache {
    Hit,
}

fn main() {}
