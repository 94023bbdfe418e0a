use metrics_core::counted;

#[counted(labels(on_return(large: bool = |text: &String| text.is_empty())))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
