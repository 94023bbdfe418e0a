use metrics_core::metrics;

metrics! {
    /// Things.
    #[unit("bytes")]
    static PHASE: StateSet<bool> = "app_phase";
}

fn main() {}
