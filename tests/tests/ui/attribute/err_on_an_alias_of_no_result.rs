use metrics_core::counted;

type Count = u32;

#[counted(err(fault))]
fn work(a: u32) -> Count {
    a
}

fn main() {}
