use metrics_core::counted;

#[counted(ok_if = str::is_empty)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
