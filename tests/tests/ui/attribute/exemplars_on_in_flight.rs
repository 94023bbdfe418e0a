use metrics_core::in_flight;

#[in_flight(exemplars)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
