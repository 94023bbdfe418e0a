use metrics_core::in_flight;

#[in_flight(slo(success = 99.5))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
