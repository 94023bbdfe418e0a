use metrics_core::in_flight;

#[in_flight(err(fault))]
fn work(a: u32) -> Result<u32, std::fmt::Error> {
    Ok(a)
}

fn main() {}
