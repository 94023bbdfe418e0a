use metrics_core::{counted, in_flight, timed};

#[counted(labels(b), sample = 1/2)]
#[in_flight(outcome = false)]
fn work(a: u32) -> u32 {
    a
}

struct Cart {
    items: u32,
}

#[timed]
impl Cart {
    #[timed(busy)]
    fn size(&self) -> u32 {
        self.items
    }

    #[timed(name = "app_take")]
    fn take(&mut self, items: u32) {
        self.items -= items;
    }
}

fn main() {}
