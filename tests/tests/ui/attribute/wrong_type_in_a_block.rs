use metrics_core::counted;

struct Cart {
    items: u32,
}

#[counted]
impl Cart {
    fn size(&self) -> u32 {
        let x: &str = self.items;
        1
    }
}

fn main() {}
