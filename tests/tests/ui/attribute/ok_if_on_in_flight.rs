use metrics_core::in_flight;

#[in_flight(ok_if = |a| *a > 1)]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
