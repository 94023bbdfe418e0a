//! Contenders of the encoding bench: our crate metrics-core, with metrics created at run time.

use std::{
    io::{self, Write},
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use metrics_core::{Counter, Format, Histogram, Options, Registry};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, RECORDERS, Race, Work, inputs},
};

/// The formats other than text: contender name, and the allowed time relative to text.
pub(crate) const FORMATS: &[(Format, &str, f64)] = &[
    (Format::OpenMetrics, "ours, OpenMetrics", 1.3),
    (Format::Protobuf, "ours, protobuf", 1.0),
];

struct Ours {
    registry: Registry,
    format: Format,
    recorders: Option<Recorders>,
}

impl Ours {
    fn new(work: Work, format: Format) -> Self {
        let (registry, recorders) = registry(work);
        Ours {
            registry,
            format,
            recorders,
        }
    }
}

/// Alternates between two formats, as if two scrapers requested different ones.
struct InTurn {
    ours: Ours,
}

impl Encoder for InTurn {
    fn encode(&mut self, out: &mut Vec<u8>) {
        self.ours.format = match self.ours.format {
            Format::Text => Format::Protobuf,
            _ => Format::Text,
        };
        self.ours.encode(out);
    }

    fn overwrites(&self) -> bool {
        true
    }
}

/// Writes text piece by piece into one reused buffer, like a server.
struct Sent {
    registry: Registry,
    piece: Vec<u8>,
    is_first: bool,
}

impl Encoder for Sent {
    fn encode(&mut self, out: &mut Vec<u8>) {
        // The harness checks the first exposition, so the first is written to `out` as a whole.
        let written = if std::mem::take(&mut self.is_first) {
            self.registry.encode(Format::Text, out)
        } else {
            self.registry
                .encode(Format::Text, &mut Piece(&mut self.piece))
        };
        written.expect("writing to memory does not fail");
    }
}

struct Piece<'a>(&'a mut Vec<u8>);

impl Write for Piece<'_> {
    fn write(&mut self, some: &[u8]) -> io::Result<usize> {
        if self.0.len() + some.len() > PIECE {
            self.0.clear();
        }
        self.0.write(some)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The piece size of metrics-http.
const PIECE: usize = 64 * 1024;

impl Encoder for Ours {
    fn encode(&mut self, out: &mut Vec<u8>) {
        self.registry.encode_to_vec(self.format, out);
    }

    fn record(&mut self) -> bool {
        self.recorders.as_ref().is_some_and(Recorders::record)
    }

    fn overwrites(&self) -> bool {
        true
    }

    fn is_text(&self) -> bool {
        self.format.content_type().contains("text")
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    // Each contender has its own registry, because a registry caches labels in the format that was
    // requested last.
    let formats = if work == Work::MANY { FORMATS } else { &[] };
    for (format, name, _) in formats {
        let role = Role::Unranked("the peers write text");
        let column = Column { name, role, ..OURS };
        race.enter(work, column, || Ours::new(work, *format));
    }
    if work == Work::MANY {
        let column = Column {
            name: "ours, text and protobuf in turn",
            role: Role::Unranked("each exposition changes the format of the cached labels"),
            ..OURS
        };
        race.enter(work, column, || InTurn {
            ours: Ours::new(work, Format::Protobuf),
        });
    }
    if work == Work::MANY || work == Work::Histograms {
        let column = Column {
            name: "ours, in pieces of 64 KiB",
            role: Role::Unranked("written to one reused buffer, as by a server"),
            ..OURS
        };
        race.enter(work, column, || Sent {
            registry: registry(work).0,
            piece: Vec::with_capacity(PIECE),
            is_first: true,
        });
    }
    race.enter(work, OURS, || Ours::new(work, Format::Text));
}

/// Creates the registry of a workload, and the threads that recorded into it if they stay alive.
pub(crate) fn registry(work: Work) -> (Registry, Option<Recorders>) {
    let registry = Registry::new();
    let recorders = match work {
        Work::Families => {
            for index in 0..work.series() {
                let options = Options::new(inputs::family(index), inputs::HELP);
                let counter = registry.create::<Counter>(options);
                counter.expect(VALID).inc_by(inputs::count(index));
            }
            None
        }
        Work::Counters(series) => {
            let options = Options::new(inputs::COUNTERS, inputs::HELP)
                .labels(inputs::LABELS)
                .max_series(series);
            let counters = registry.create_family::<Counter>(options).expect(VALID);
            for index in 0..series {
                let labels = inputs::triple(index);
                let labels = labels.each_ref().map(String::as_str);
                counters.with(&labels).inc_by(inputs::count(index));
            }
            None
        }
        Work::Histograms => {
            let options = Options::new(inputs::HISTOGRAMS, inputs::HELP)
                .unit("seconds")
                .labels([inputs::LABELS[0], inputs::LABELS[1]])
                .buckets(inputs::BOUNDS);
            let histograms = registry.create_family::<Histogram>(options);
            let histograms = histograms.expect(VALID);
            for index in 0..work.series() {
                let labels = inputs::pair(index);
                let histogram = histograms.with(&labels.each_ref().map(String::as_str));
                inputs::seconds(index).for_each(|time| histogram.observe(time));
            }
            None
        }
        Work::Threads(threads) => Some(Recorders::new(&registry, work.series(), threads)),
        Work::Shuffled => Some(Recorders::shuffled(&registry, work.series())),
    };
    (registry, recorders)
}

/// Threads that have recorded and stay alive until this is dropped.
pub(crate) struct Recorders {
    threads: Vec<JoinHandle<()>>,
    /// Whether the threads record again each time before an exposition.
    repeat: bool,
    /// The threads wait here twice: before they go on, and when they have recorded again.
    steps: Arc<Barrier>,
    leave: Arc<AtomicBool>,
}

impl Recorders {
    fn new(registry: &Registry, series: usize, threads: usize) -> Self {
        let options = Options::new(inputs::COUNTERS, inputs::HELP)
            .labels([inputs::LABELS[0], inputs::LABELS[1]])
            .max_series(series);
        let counters = registry.create_family::<Counter>(options).expect(VALID);
        Self::start(threads, false, |_| {
            let counters = counters.clone();
            move || {
                for index in 0..series {
                    let labels = inputs::pair(index);
                    let counter = counters.with(&labels.each_ref().map(String::as_str));
                    counter.inc_by(inputs::share(index, threads));
                }
                Vec::new()
            }
        })
    }

    /// Creates counters in random order: each thread begins with another part of them.
    fn shuffled(registry: &Registry, series: usize) -> Self {
        let options = Options::new(inputs::COUNTERS, inputs::HELP)
            .labels(inputs::LABELS)
            .max_series(series);
        let counters = registry.create_family::<Counter>(options).expect(VALID);
        let order = inputs::shuffled(series);
        Self::start(RECORDERS, true, |thread| {
            let (counters, mut order) = (counters.clone(), order.clone());
            order.rotate_left(thread * series / RECORDERS);
            move || {
                let record = |index: usize| {
                    let labels = inputs::triple(index);
                    let counter = counters.bind(&labels.each_ref().map(String::as_str));
                    counter.inc_by(inputs::large_share(index, RECORDERS));
                    counter
                };
                order.into_iter().map(record).collect()
            }
        })
    }

    /// Starts threads that record, with the closures that `recorder` returns for their numbers. They
    /// increment the returned counters when they record again.
    fn start<R>(threads: usize, repeat: bool, recorder: impl Fn(usize) -> R) -> Self
    where
        R: FnOnce() -> Vec<Counter> + Send + 'static,
    {
        let steps = Arc::new(Barrier::new(threads + 1));
        let leave = Arc::new(AtomicBool::new(false));
        let run = |thread| {
            let record = recorder(thread);
            let (steps, leave) = (Arc::clone(&steps), Arc::clone(&leave));
            move || {
                let counters = record();
                steps.wait();
                loop {
                    steps.wait();
                    if leave.load(Relaxed) {
                        break;
                    }
                    counters.iter().for_each(Counter::inc);
                    steps.wait();
                }
            }
        };
        let threads = (0..threads).map(|thread| thread::spawn(run(thread)));
        let threads = threads.collect();
        steps.wait();
        Self {
            threads,
            repeat,
            steps,
            leave,
        }
    }

    /// Lets the threads record into every counter, if they do that before each exposition; returns
    /// whether they do.
    pub(crate) fn record(&self) -> bool {
        if self.repeat {
            self.steps.wait();
            self.steps.wait();
        }
        self.repeat
    }
}

impl Drop for Recorders {
    fn drop(&mut self) {
        self.leave.store(true, Relaxed);
        self.steps.wait();
        for thread in self.threads.drain(..) {
            thread.join().expect("a recording thread does not panic");
        }
    }
}

const OURS: Column = Column {
    name: "ours",
    package: None,
    role: Role::Ours,
};
const VALID: &str = "the names are valid";
