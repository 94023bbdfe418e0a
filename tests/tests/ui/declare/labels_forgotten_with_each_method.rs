use std::time::Duration;

use metrics_core::{Label, metrics};

#[derive(Label)]
enum State {
    Up,
}

metrics! {
    /// Bytes.
    static SENT: FloatCounter<(to: &str)> = "app_sent_bytes_total";

    /// Connections.
    static OPEN: Gauge<(to: &str)> = "app_open";

    /// Time.
    static SEEN: FloatGauge<(to: &str)> = "app_seen_seconds";

    /// Tasks.
    static TASKS: UpDownCounter<(to: &str)> = "app_tasks";

    /// Durations.
    static TOOK: Histogram<(to: &str)> = "app_took_seconds";

    /// Sizes.
    static SIZE: Summary<(to: &str)> = "app_size_bytes";

    /// States.
    static STATE: StateSet<State, (to: &str)> = "app_state";
}

fn main() {
    SENT.inc_by(0.5);
    SENT.inc_with_exemplar(&[("trace_id", "1")]);
    SENT.inc_by_with_exemplar(0.5, &[("trace_id", "1")]);
    let _: f64 = SENT.get();
    OPEN.set(1);
    OPEN.inc();
    OPEN.dec();
    OPEN.add(2);
    OPEN.sub(2);
    SEEN.set_duration(Duration::ZERO);
    SEEN.set_to_current_time();
    let _: u8 = SEEN.time(|| 1);
    let _guard = TASKS.guard();
    TOOK.observe(0.1);
    TOOK.observe_duration(Duration::ZERO);
    TOOK.observe_with_exemplar(0.1, &[("trace_id", "1")]);
    let _timer = TOOK.start_timer();
    SIZE.observe(5.0);
    STATE.set(State::Up);
}
