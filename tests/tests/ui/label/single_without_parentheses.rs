use metrics_core::{Label, metrics};

#[derive(Label)]
enum Cache { Hit, Miss }

metrics! {
    /// Things.
    static DONE: Counter<Cache> = "app_done_total";
}

fn main() {}
