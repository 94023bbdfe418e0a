use metrics_core::counted;

struct Cart {
    items: u32,
}

impl Cart {
    #[counted(labels(self))]
    fn size(&self) -> u32 {
        self.items
    }
}

fn main() {}
