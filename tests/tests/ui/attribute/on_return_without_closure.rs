use metrics_core::counted;

#[counted(labels(on_return(large)))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
