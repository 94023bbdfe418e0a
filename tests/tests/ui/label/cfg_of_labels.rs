use metrics_core::metrics;

metrics! {
    /// Things.
    static WITHOUT: Counter<(#[cfg] a: &str)> = "app_things_total";
    /// Things.
    static TWICE: Counter<(#[cfg(all())] a: &str, #[cfg(all())] a: &str)> = "app_twice_total";
    /// Things.
    static MANY: Counter<(
        #[cfg(unix)] a: &str,
        #[cfg(windows)] b: &str,
        #[cfg(test)] c: &str,
        #[cfg(all())] d: &str,
        #[cfg(any())] e: &str,
    )> = "app_many_total";
}

fn main() {}
