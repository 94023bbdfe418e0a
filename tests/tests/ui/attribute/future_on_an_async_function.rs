#[metrics_core::counted(future)]
async fn number() -> u8 {
    1
}

fn main() {
    let _ = number();
}
