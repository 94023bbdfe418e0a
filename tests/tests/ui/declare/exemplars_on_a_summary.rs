use metrics_core::metrics;

metrics! {
    /// Things.
    #[exemplars]
    static THINGS: Summary = "app_things";
}

fn main() {}
