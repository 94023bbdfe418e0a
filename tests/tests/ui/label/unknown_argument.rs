use metrics_core::Label;

#[derive(Label)]
#[label(renames = "a")]
enum Cache {
    Hit,
}

fn main() {}
