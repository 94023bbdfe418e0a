use metrics_core::metrics;

metrics! {
    /// Things.
    static PHASE: StateSet<u32> = "app_phase";
}

fn main() {}
