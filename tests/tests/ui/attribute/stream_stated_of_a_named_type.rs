use futures_util::stream::{Empty, empty};

#[metrics_core::counted(stream)]
fn numbers() -> Empty<u8> {
    empty()
}

#[metrics_core::counted(stream)]
async fn later() -> Empty<u8> {
    empty()
}

fn main() {
    let _ = (numbers(), later());
}
