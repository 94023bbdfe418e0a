use metrics_core::counted;

struct Cart {
    items: u32,
}

#[counted(skip)]
impl Cart {
    fn size(&self) -> u32 {
        self.items
    }
}

fn main() {}
