use metrics_core::metrics;

enum Cache { Hit, Miss }

metrics! {
    /// Things.
    static DONE: Counter<(cache: Cache)> = "app_done_total";
}

fn main() {}
