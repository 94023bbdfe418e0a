//! [`Gate`]: a collector that blocks until a test opens it.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use metrics_http::{Collection, Collector, Desc, Kind};

/// A collector of the gauge `gate_calls`, which counts its calls and blocks until it is opened.
#[derive(Clone, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    calls: AtomicUsize,
    open: Mutex<bool>,
    opened: Condvar,
}

static DESC: [Desc; 1] = [Desc::new(
    Kind::Gauge,
    "gate_calls",
    "Calls of the collector.",
)];

impl Collector for Gate {
    fn descs(&self) -> &[Desc] {
        &DESC
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let calls = self.0.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let open = self.0.open.lock().unwrap();
        drop(self.0.opened.wait_while(open, |open| !*open).unwrap());
        out.gauge(&DESC[0], &[], calls as f64);
    }
}

impl Gate {
    pub fn open(&self) {
        *self.0.open.lock().unwrap() = true;
        self.0.opened.notify_all();
    }

    pub fn calls(&self) -> usize {
        self.0.calls.load(Ordering::Relaxed)
    }
}
