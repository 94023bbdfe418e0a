use metrics_core::{counted, metrics};

const NAME: &str = "app_total";

metrics! {
    /// Things.
    static THINGS: Counter = concat!("app_", env!("HOME"), "_total");
    /// Others.
    static OTHERS: Counter = NAME;
}

#[counted(name = concat!("app_", module_path!(), "_total"))]
fn count() {}

fn main() {}
