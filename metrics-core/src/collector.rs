//! Values computed at scrape time.

use std::collections::HashSet;

use crate::{
    desc::{Desc, Kind},
    encode::{Number, Value},
    render,
};

/// Computes values when a scrape asks for them: what another part of the program, a library or
/// the operating system already counts.
///
/// A collector that panics costs its own families only; the rest is served, and
/// `metrics_collector_errors_total` counts it.
///
/// ```
/// use std::sync::Arc;
/// use metrics_core::{Collection, Collector, Desc, Format, Kind, Registry};
///
/// static OPEN: [Desc; 1] = [Desc::new(Kind::Gauge, "pool_connections", "Connections open.")];
///
/// struct Pool;
///
/// impl Collector for Pool {
///     fn descs(&self) -> &[Desc] {
///         &OPEN
///     }
///
///     fn collect(&self, out: &mut Collection<'_>) {
///         out.gauge(&OPEN[0], &[("pool", "main")], 3.0);
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register(Arc::new(Pool))?;
/// assert!(registry.encode_to_string(Format::Text).contains("pool_connections{pool=\"main\"} 3"));
/// # Ok::<(), metrics_core::Error>(())
/// ```
pub trait Collector: Send + Sync + 'static {
    /// The families it may write, so that clashes are found before the first scrape.
    fn descs(&self) -> &[Desc];

    /// Writes the values. Families that were not described, values that their type forbids and
    /// series written twice are left out.
    fn collect(&self, out: &mut Collection<'_>);
}

/// Takes the values of a [`Collector`].
#[derive(Debug)]
pub struct Collection<'a> {
    descs: &'a [Desc],
    families: Vec<Series>,
    /// Labels that the registry gives to every series.
    common: &'a [(String, String)],
}

/// The series of one family.
#[derive(Clone, Debug, Default)]
struct Series {
    written: Vec<(String, Computed)>,
    /// The labels of all of them, in the order of their names.
    known: HashSet<String>,
    /// How many values were left out.
    rejected: u64,
}

/// A value that a collector has computed.
#[derive(Clone, Copy, Debug)]
enum Computed {
    Counter(Number),
    Gauge(Number),
    Info,
}

impl<'a> Collection<'a> {
    pub(crate) fn new(descs: &'a [Desc], common: &'a [(String, String)]) -> Self {
        Collection {
            descs,
            families: vec![Series::default(); descs.len()],
            common,
        }
    }

    /// Writes a counter's value: not negative, not NaN, not infinite.
    pub fn counter(&mut self, desc: &Desc, labels: &[(&str, &str)], value: f64) {
        if value >= 0.0 && value.is_finite() {
            self.write(desc, labels, Computed::Counter(Number::Float(value)));
        } else if let Some(family) = self.known(desc) {
            family.rejected += 1;
        }
    }

    /// Writes a gauge's value.
    pub fn gauge(&mut self, desc: &Desc, labels: &[(&str, &str)], value: f64) {
        self.write(desc, labels, Computed::Gauge(Number::Float(value)));
    }

    /// Writes the facts of an info.
    pub fn info(&mut self, desc: &Desc, labels: &[(&str, &str)]) {
        self.write(desc, labels, Computed::Info);
    }

    fn write(&mut self, desc: &Desc, labels: &[(&str, &str)], value: Computed) {
        let fits = match value {
            Computed::Counter(_) => desc.kind == Kind::Counter,
            Computed::Gauge(_) => matches!(desc.kind, Kind::Gauge | Kind::Unknown),
            Computed::Info => desc.kind == Kind::Info,
        };
        let common = self.common;
        let Some(family) = self.known(desc) else {
            return;
        };
        let names_fit = labels.iter().enumerate().all(|(at, (name, _))| {
            crate::name::check_label(name, desc.kind).is_ok()
                && labels[..at].iter().all(|(earlier, _)| earlier != name)
                && common.iter().all(|(common, _)| common != name)
        });
        // The order of its labels does not make another series.
        let mut sorted = labels.to_vec();
        sorted.sort_unstable();
        if fits && names_fit && family.known.insert(rendered(&sorted)) {
            family.written.push((rendered(labels), value));
        } else {
            family.rejected += 1;
        }
    }

    /// The family of this description, if the collector has announced it.
    fn known(&mut self, desc: &Desc) -> Option<&mut Series> {
        let known = self.descs.iter().position(|known| known.name == desc.name);
        known.map(|at| &mut self.families[at])
    }

    /// How many values of each family were left out.
    pub(crate) fn rejected(&self) -> impl Iterator<Item = (String, u64)> {
        let names = self.descs.iter().map(|desc| desc.name().to_owned());
        names.zip(self.families.iter().map(|family| family.rejected))
    }

    /// Whether a family has no values this time.
    pub(crate) fn is_empty(&self, desc: &Desc) -> bool {
        let known = self.descs.iter().position(|known| known.name == desc.name);
        known.is_none_or(|at| self.families[at].written.is_empty())
    }

    /// The series of one family and their values.
    pub(crate) fn family(&self, desc: &Desc) -> impl Iterator<Item = (&str, Value<'_>)> {
        let known = self.descs.iter().position(|known| known.name == desc.name);
        let series = known.map_or(&[][..], |at| &self.families[at].written);
        series.iter().map(|(labels, value)| {
            let value = match value {
                Computed::Counter(number) => Value::Counter(*number, None),
                Computed::Gauge(number) => Value::Gauge(*number),
                Computed::Info => Value::Info,
            };
            (labels.as_str(), value)
        })
    }
}

fn rendered(labels: &[(&str, &str)]) -> String {
    let mut rendered = String::new();
    render::pairs(&mut rendered, labels);
    rendered
}

/// A declared metric without labels whose value is computed at scrape time.
///
/// ```
/// use std::sync::Mutex;
/// use metrics_core::metrics;
///
/// static QUEUE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
///
/// metrics! {
///     /// Jobs that wait.
///     #[computed(|| QUEUE.lock().map_or(0, |queue| queue.len()) as f64)]
///     static WAITING: Gauge = "queue_jobs";
/// }
///
/// assert_eq!(WAITING.get(), 0.0);
/// ```
#[derive(Debug)]
pub struct Calculated {
    desc: [Desc; 1],
    value: fn() -> f64,
}

impl Calculated {
    #[doc(hidden)]
    pub const fn new(desc: Desc, value: fn() -> f64) -> Self {
        Calculated {
            desc: [desc],
            value,
        }
    }

    /// The value now.
    pub fn get(&self) -> f64 {
        (self.value)()
    }
}

impl Collector for Calculated {
    fn descs(&self) -> &[Desc] {
        &self.desc
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [desc] = &self.desc;
        match desc.kind {
            Kind::Counter => out.counter(desc, &[], self.get()),
            _ => out.gauge(desc, &[], self.get()),
        }
    }
}
