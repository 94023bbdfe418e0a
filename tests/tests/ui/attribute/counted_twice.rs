use metrics_core::counted;

#[counted]
#[counted(labels(a))]
fn twice(a: &str) -> usize {
    a.len()
}

fn main() {
    twice("a");
}
