use metrics_core::counted;

#[counted(help = "Work.")]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
