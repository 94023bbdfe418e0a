use metrics_core::Label;

#[derive(Label)]
#[label(rename = "a")]
enum Cache {
    #[label(rename_all = "lowercase")]
    Hit,
    #[label(named = "miss")]
    Miss,
}

fn main() {}
