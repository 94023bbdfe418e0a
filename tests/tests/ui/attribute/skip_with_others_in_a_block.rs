use metrics_core::counted;

struct Cart {
    items: u32,
}

#[counted]
impl Cart {
    #[counted(skip, name = "app_size_total")]
    fn size(&self) -> u32 {
        self.items
    }
}

fn main() {}
