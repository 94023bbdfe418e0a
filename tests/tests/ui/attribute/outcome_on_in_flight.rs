use metrics_core::in_flight;

#[in_flight(outcome = false)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
