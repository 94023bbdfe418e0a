use std::future::{Ready, ready};

#[metrics_core::counted(future)]
fn number() -> Ready<u8> {
    ready(1)
}

fn main() {
    let _ = number();
}
