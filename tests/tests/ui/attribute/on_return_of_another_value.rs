use metrics_core::counted;

#[counted(labels(on_return(large: bool = |a| a + 1)))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
