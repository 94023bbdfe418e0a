use std::pin::Pin;

type Number = Pin<Box<dyn Future<Output = u8>>>;

#[metrics_core::timed(busy)]
fn number() -> Number {
    Box::pin(std::future::ready(1))
}

fn main() {
    let _ = number();
}
