use metrics_core::{Label, counted};

#[counted(labels(plan: T = plan))]
fn price<T: Label + Copy>(plan: T) -> T {
    plan
}

fn main() {}
