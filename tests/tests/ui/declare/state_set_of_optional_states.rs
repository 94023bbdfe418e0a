use metrics_core::{Label, metrics};

#[derive(Label)]
enum Phase {
    Up,
    Down,
}

metrics! {
    /// What the service does.
    static PHASE: StateSet<Option<Phase>> = "service_phase";
}

fn main() {
    PHASE.set(Some(Phase::Up));
    PHASE.set(Some(Phase::Down));
}
