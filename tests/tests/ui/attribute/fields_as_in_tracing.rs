use metrics_core::timed;

#[timed(skip_all, fields(id = a))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
