use metrics_core::{Label, counted};

struct Price<T> {
    plan: T,
}

#[counted(labels(plan: T = self.plan))]
impl<T: Label + Copy> Price<T> {
    fn price(&self) -> u32 {
        0
    }
}

fn main() {}
