use metrics_core::counted;

fn is_even(a: &u32) -> bool {
    a % 2 == 0
}

#[counted(ok_if = is_even, error_if = is_even)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
