use metrics_core::metrics;

fn lower(text: &str) -> String {
    text.to_lowercase()
}

metrics! {
    /// Things.
    static THINGS: Counter<(#[normalize(lower)] #[label(display)] name: &str)> = "app_things_total";
    /// Things.
    static OTHERS: Counter<(#[label(dispaly)] name: &str)> = "app_others_total";
}

fn main() {}
