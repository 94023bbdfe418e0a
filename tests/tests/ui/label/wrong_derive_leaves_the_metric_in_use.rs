use metrics_core::{Label, metrics};

#[derive(Label)]
#[label(rename_all = "Train-Case")]
enum Cache {
    Hit,
}

metrics! {
    /// Things.
    static DONE: Counter<(cache: Cache)> = "app_done_total";
}

fn main() {
    DONE.with(Cache::Hit).inc();
}
