//! Where a registry's values come from, and what went wrong there.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use crate::{
    describe::desc::Desc,
    metric::family::{Family, FamilyRef},
    registry::collector::Collector,
};

/// Where a registry's values come from.
#[derive(Clone)]
pub(crate) enum Source {
    Family(FamilyRef),
    Declared(&'static dyn Collector),
    /// A collector, and what it said it would write.
    Collector(Arc<dyn Collector>, Arc<[Desc]>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.descs().iter().map(Desc::name).collect();
        f.debug_tuple("Source").field(&names).finish()
    }
}

impl Source {
    /// Asks for the descriptions once: code that is not ours runs under none of our locks.
    pub(crate) fn collector(collector: Arc<dyn Collector>) -> Self {
        let descs = collector.descs().into();
        Source::Collector(collector, descs)
    }

    pub(crate) fn descs(&self) -> &[Desc] {
        match self {
            Source::Family(family) => std::slice::from_ref(family.desc()),
            Source::Declared(collector) => collector.descs(),
            Source::Collector(_, descs) => descs,
        }
    }

    /// Whether the other is the very same.
    pub(crate) fn is(&self, other: &Source) -> bool {
        fn address<T: ?Sized>(of: &T) -> *const () {
            std::ptr::from_ref(of).cast()
        }
        match (self, other) {
            (Source::Family(a), Source::Family(b)) => address::<Family>(a) == address::<Family>(b),
            (Source::Declared(a), Source::Declared(b)) => address(*a) == address(*b),
            (Source::Collector(a, _), Source::Collector(b, _)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// What went wrong with a collector since it was registered, and whether it runs.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Scrapes in which it panicked.
    panics: AtomicU64,
    /// Scrapes that went on without it.
    timeouts: AtomicU64,
    /// Values that were left out, by family.
    rejected: Mutex<BTreeMap<String, u64>>,
    turn: Mutex<Turn>,
    ended: Condvar,
}

/// Whose turn it is to run a collector: one run at a time, so that one thread at most hangs in it.
#[derive(Debug, Default)]
struct Turn {
    running: bool,
    /// A scrape has gone on without the run.
    given_up: bool,
}

impl Faults {
    pub(crate) fn panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    pub(crate) fn timeout(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    /// Names of families and how many of their values were left out.
    pub(crate) fn rejected(&self) -> Vec<(String, u64)> {
        let rejected = lock(&self.rejected);
        let owned = |(family, count): (&String, &u64)| (family.clone(), *count);
        rejected.iter().map(owned).collect()
    }

    /// Counts values that were left out.
    pub(crate) fn reject(&self, family: &str, count: u64) {
        if count > 0 {
            *lock(&self.rejected).entry(family.to_owned()).or_default() += count;
        }
    }

    /// The same for a family that may be any, of which so many are known at most; in place of
    /// those beyond them stands another one.
    pub(crate) fn reject_one_of(&self, most: usize, family: &str, other: &str, count: u64) {
        let rejected = lock(&self.rejected);
        let is_known = rejected.len() < most || rejected.contains_key(family);
        drop(rejected);
        self.reject(if is_known { family } else { other }, count);
    }

    /// Takes the turn to run the collector, once nobody else runs it; false after the deadline.
    pub(crate) fn begin(&self, deadline: Option<Instant>) -> bool {
        let mut turn = lock(&self.turn);
        while turn.running {
            turn = match deadline {
                None => self
                    .ended
                    .wait(turn)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let rest = deadline.saturating_duration_since(Instant::now());
                    if rest.is_zero() {
                        return false;
                    }
                    let waited = self.ended.wait_timeout(turn, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        turn.running = true;
        true
    }

    /// Ends the turn.
    pub(crate) fn end(&self) {
        *lock(&self.turn) = Turn::default();
        self.ended.notify_one();
    }

    /// A scrape goes on without the collector.
    pub(crate) fn give_up(&self) {
        let mut turn = lock(&self.turn);
        turn.given_up = turn.running;
        drop(turn);
        self.timeout();
    }

    /// Whether it still runs for a scrape that has gone on without it.
    pub(crate) fn hangs(&self) -> bool {
        lock(&self.turn).given_up
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The faults of all collectors of a registry; they outlive its groups.
#[derive(Debug, Default)]
pub(crate) struct AllFaults(Vec<(Source, Arc<Faults>)>);

impl AllFaults {
    pub(crate) fn of(&mut self, source: &Source) -> Arc<Faults> {
        if let Some((_, faults)) = self.0.iter().find(|(known, _)| known.is(source)) {
            return Arc::clone(faults);
        }
        let faults = Arc::<Faults>::default();
        self.0.push((source.clone(), Arc::clone(&faults)));
        faults
    }

    /// Makes those of one collector another's, which goes on counting them.
    pub(crate) fn pass_on(&mut self, from: &Source, to: &Source) {
        let mut known = self.0.iter_mut();
        if let Some((source, _)) = known.find(|(source, _)| source.is(from)) {
            *source = to.clone();
        }
    }

    /// Forgets those of a collector that was unregistered.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Source) -> bool) {
        self.0.retain(|(source, _)| keep(source));
    }
}
