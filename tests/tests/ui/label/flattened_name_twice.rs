use metrics_core::{Labels, metrics};

#[derive(Labels)]
struct Common<'a> {
    zone: &'a str,
}

#[derive(Labels)]
struct Request<'a> {
    zone: bool,
    #[label(flatten)]
    common: Common<'a>,
}

#[derive(Labels)]
struct With<T> {
    zone: bool,
    #[label(flatten)]
    inner: T,
}

metrics! {
    /// Things.
    static THINGS: Counter<With<Common<'_>>> = "app_things_total";
}

fn main() {}
