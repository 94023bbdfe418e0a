use metrics_core::Label;

#[derive(Label)]
enum Cache {
    #[label(rename_all = "lowercase")]
    Hit,
}

fn main() {}
