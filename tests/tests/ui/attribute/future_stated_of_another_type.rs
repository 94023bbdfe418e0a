#[metrics_core::counted(future)]
fn number() -> impl Send {
    1
}

fn main() {
    let _ = number();
}
