use metrics_core::counted;

#[counted(labels(
    a = n, b = n, c = n, d = n, e = n, f = n, g = n, h = n, i = n, j = n, k = n, l = n, m = n,
))]
fn work(n: u8) -> u8 {
    n
}

fn main() {}
