use metrics_core::metrics;

metrics! {
    /// Things.
    static PHASE: StateSet = "app_phase";
}

fn main() {}
