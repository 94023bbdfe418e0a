#[metrics_core::counted(future = 1)]
fn number() -> impl Future<Output = u8> {
    std::future::ready(1)
}

fn main() {
    let _ = number();
}
