use metrics_core::in_flight;

struct Work;

#[in_flight]
impl Work {
    fn work(&self) {}
}

fn main() {}
