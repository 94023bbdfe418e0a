use metrics_core::{Labels, counted, metrics};

struct Plain;

#[derive(Labels)]
struct Set {
    #[label(display)]
    plain: Plain,
}

metrics! {
    /// Things.
    static THINGS: Counter<(#[label(display)] plain: Plain)> = "app_things_total";
}

#[counted(labels(%plain))]
fn count(plain: Plain) {}

fn main() {}
