use metrics_core::{Label, counted};

#[derive(Label, Clone, Copy)]
enum Plan {
    Free,
}

impl Plan {
    #[counted(labels(plan: Self = self))]
    fn price(self) -> u32 {
        0
    }
}

fn main() {}
