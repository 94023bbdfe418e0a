use metrics_core::Label;

#[derive(Label)]
enum Cache {
    #[label(display)]
    Hit,
    Miss(u8),
}

fn main() {}
