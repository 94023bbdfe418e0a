use metrics_core::counted;

#[counted(labels(on_return(half = |a| f64::from(*a))))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
