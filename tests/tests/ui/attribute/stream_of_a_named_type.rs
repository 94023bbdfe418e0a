#![deny(deprecated)]

use futures_util::stream::{Empty, empty};

#[metrics_core::counted]
fn numbers() -> Empty<u8> {
    empty()
}

#[metrics_core::counted]
async fn later() -> Empty<u8> {
    empty()
}

fn main() {
    let _ = (numbers(), later());
}
