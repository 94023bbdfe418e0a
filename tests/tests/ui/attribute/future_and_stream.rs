#[metrics_core::counted(future, stream)]
#[metrics_core::timed]
fn number() -> impl Future<Output = u8> {
    std::future::ready(1)
}

fn main() {
    let _ = number();
}
