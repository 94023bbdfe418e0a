use metrics_core::Label;

#[derive(Label)]
#[label(rename_all = "Train-Case")]
enum Cache {
    Hit,
}

fn main() {}
