use metrics_core::counted;

#[counted(labels(half = if a == 0 { return None } else { a / 2 }, first = b?))]
fn f(a: u8, b: Option<u8>) -> Option<u8> {
    b.map(|b| a + b)
}

fn main() {
    f(1, None);
}
