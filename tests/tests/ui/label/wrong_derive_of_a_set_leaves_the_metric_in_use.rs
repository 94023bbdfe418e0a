use metrics_core::{Labels, metrics};

#[derive(Labels)]
#[label(rename_all = "kebab-case", skip)]
struct Page {
    host: String,
    #[label(rename = host)]
    path: String,
}

#[derive(Labels)]
struct Pair(u8, u8);

metrics! {
    /// Things.
    static DONE: Counter<Page> = "app_done_total";

    /// Pairs.
    static PAIRS: Counter<Pair> = "app_pairs_total";
}

fn main() {
    let (host, path) = (String::new(), String::new());
    DONE.with(&Page { host, path }).inc();
    PAIRS.with(&Pair(1, 2)).inc();
}
