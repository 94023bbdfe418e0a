use metrics_core::in_flight;

#[in_flight(name = "app_work", buckets(0.1))]
fn work(a: u32) -> u32 {
    a
}

fn main() {}
