use metrics_core::{Label, metrics};

#[derive(Label)]
struct Cache { hit: bool }

metrics! {
    /// Things.
    static DONE: Counter<(cache: Cache)> = "app_done_total";
}

fn main() {
    DONE.with(Cache { hit: true }).inc();
}
