use metrics_core::counted;

#[counted(busy)]
async fn work(a: u32) -> u32 {
    a
}

fn main() {}
