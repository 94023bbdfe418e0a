use metrics_core::counted;

struct Cart {
    items: u32,
}

#[counted]
impl Cart {
    fn size(&self) -> u32 {
        let _ = self.;
        self.items
    }

    fn fill(&mut self) -> Result<(), ()> {
        self.items = ;
        Ok(())
    }
}

fn main() {}
