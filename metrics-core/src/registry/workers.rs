//! Threads that run collectors, so that none of them holds up a scrape.
//!
//! A scrape puts the collectors that it wants in a line and wakes a thread, which runs them one
//! after the other and hands over what each has computed. When nothing has come for a while,
//! another thread takes over the rest of the line. At the deadline the scrape goes on with what
//! there is; a thread whose collector comes back later finds the line empty, and is there for the
//! next scrape.
//!
//! A thread without work is kept, so that collectors which are quick cost no start of a thread.
//! It knows its registry weakly, and ends with it.

use std::{
    cell::RefCell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use crate::registry::{
    Settings,
    collected::Collected,
    collector::Collection,
    groups::{Groups, Member},
};

/// The threads of one registry that run collectors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workers(Arc<Mutex<Idle>>);

/// The ways to threads that have nothing to do.
type Idle = Vec<Sender<Arc<Run>>>;

/// The collectors of one scrape.
#[derive(Debug)]
struct Run {
    groups: Arc<Groups>,
    settings: Arc<Settings>,
    /// Those that no thread has begun with.
    line: Mutex<VecDeque<usize>>,
    /// Where results go; nothing stands for a panic.
    results: Sender<(usize, Option<Collected>)>,
    deadline: Option<Instant>,
    /// The collectors in which the scrape was made, if it was made in one.
    within: Vec<usize>,
}

thread_local! {
    /// The collectors that this thread runs, and those in which their scrapes were made.
    static WITHIN: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Workers {
    /// Runs these collectors; what each has computed, at its own place.
    pub(crate) fn run(
        &self,
        groups: &Arc<Groups>,
        settings: &Arc<Settings>,
        time: Duration,
        wanted: impl Iterator<Item = usize>,
    ) -> Vec<Option<Collected>> {
        let members = groups.members();
        let mut computed: Vec<Option<Collected>> = members.iter().map(|_| None).collect();
        let within = WITHIN.try_with(|within| within.borrow().clone());
        let within = within.unwrap_or_default();
        let mut line = VecDeque::new();
        for at in wanted {
            let member = &members[at];
            if within.contains(&member.address()) {
                continue;
            }
            if member.faults.hangs() {
                member.faults.timeout();
            } else {
                line.push_back(at);
            }
        }
        if line.is_empty() {
            return computed;
        }
        let timeout = settings.collector_timeout().min(time);
        let (sender, results) = mpsc::channel();
        let run = Arc::new(Run {
            groups: Arc::clone(groups),
            settings: Arc::clone(settings),
            line: Mutex::new(line.clone()),
            results: sender,
            // Without threads there may be no clock either.
            deadline: (THREADS && timeout < Duration::MAX)
                .then(|| Instant::now().checked_add(timeout))
                .flatten(),
            within,
        });
        if !self.start(&run) {
            run.work_here();
        }
        let mut has_ended = vec![false; members.len()];
        let mut missing = line.len();
        self.wait(&run, &results, timeout, |at, result| {
            match &result {
                Some(collected) => members[at].reject(collected),
                None => members[at].faults.panic(),
            }
            computed[at] = result;
            has_ended[at] = true;
            missing -= 1;
            missing == 0
        });
        for at in line.into_iter().filter(|at| !has_ended[*at]) {
            members[at].faults.give_up();
        }
        computed
    }

    /// Takes results until `take` has them all, or until the deadline.
    fn wait(
        &self,
        run: &Arc<Run>,
        results: &Receiver<(usize, Option<Collected>)>,
        timeout: Duration,
        mut take: impl FnMut(usize, Option<Collected>) -> bool,
    ) {
        let patience = (timeout / PARTS).min(MOST_PATIENCE);
        loop {
            // What is there is taken at any time.
            let result = match results.try_recv() {
                Ok(result) => Ok(result),
                Err(_) if !THREADS => return,
                Err(_) => {
                    let now = Instant::now();
                    let rest = run
                        .deadline
                        .map_or(patience, |deadline| deadline.saturating_duration_since(now));
                    if rest.is_zero() {
                        return run.close();
                    }
                    results.recv_timeout(rest.min(patience))
                }
            };
            match result {
                Ok((at, result)) => {
                    if take(at, result) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if !run.line().is_empty() {
                        self.start(run);
                    }
                }
                // The run itself has a sender.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Has a thread work on a run; false where there is none to have.
    fn start(&self, run: &Arc<Run>) -> bool {
        if !THREADS {
            return false;
        }
        loop {
            let idle = lock(&self.0).pop();
            match idle {
                Some(thread) if thread.send(Arc::clone(run)).is_ok() => return true,
                Some(_) => {}
                None => break,
            }
        }
        let (idle, run) = (Arc::downgrade(&self.0), Arc::clone(run));
        thread::Builder::new()
            .name(NAME.to_owned())
            .spawn(move || work(&idle, run))
            .is_ok()
    }
}

/// What a thread does: works on one run after the other.
fn work(idle: &Weak<Mutex<Idle>>, mut run: Arc<Run>) {
    loop {
        let next = run.work(|| rest(idle));
        // The last to know of it may end collectors that were unregistered meanwhile.
        quietly(move || drop(run));
        match next.and_then(|next| next.recv().ok()) {
            Some(next) => run = next,
            None => return,
        }
    }
}

/// Lets scrapes know that a thread has nothing to do, unless there are enough of these.
fn rest(idle: &Weak<Mutex<Idle>>) -> Option<Receiver<Arc<Run>>> {
    let idle = idle.upgrade()?;
    let mut idle = lock(&idle);
    if idle.len() >= MOST_IDLE {
        return None;
    }
    let (sender, receiver) = mpsc::channel();
    idle.push(sender);
    Some(receiver)
}

impl Run {
    fn line(&self) -> MutexGuard<'_, VecDeque<usize>> {
        lock(&self.line)
    }

    /// Lets no thread begin with what is left.
    fn close(&self) {
        self.line().clear();
    }

    /// Runs what stands in the line, and calls `rest` before it hands over the last result: the
    /// scrape after this one finds its thread at rest.
    fn work<R>(&self, rest: impl FnOnce() -> R) -> R {
        loop {
            let next = self.line().pop_front();
            let Some(at) = next else {
                return rest();
            };
            let result = self.collect(at);
            if self.line().is_empty() {
                let next = rest();
                self.hand_over(result);
                return next;
            }
            self.hand_over(result);
        }
    }

    /// The same on the thread of the scrape.
    fn work_here(&self) {
        self.work(|| ());
    }

    fn hand_over(&self, result: Option<(usize, Option<Collected>)>) {
        if let Some(result) = result {
            // A scrape that has gone on does not want it any more.
            let _ = self.results.send(result);
        }
    }

    /// What a collector has computed; nothing at all if another scrape's run of it does not end.
    fn collect(&self, at: usize) -> Option<(usize, Option<Collected>)> {
        let member = &self.groups.members()[at];
        if !member.faults.begin(self.deadline) {
            return None;
        }
        let within = self.within.iter().copied().chain([member.address()]);
        let before = WITHIN.replace(within.collect());
        let mut collected = None;
        quietly(|| {
            let mut collection = Collection::new(member.descs(), &self.settings);
            member.collect(&mut collection);
            collected = Some(collection.finish());
        });
        WITHIN.set(before);
        member.faults.end();
        Some((at, collected))
    }
}

impl Member {
    /// Counts what was left out.
    fn reject(&self, collected: &Collected) {
        for (desc, family) in self.descs().iter().zip(&collected.families) {
            self.faults.reject(desc.name(), family.rejected);
        }
        let Some(first) = self.descs().first() else {
            return;
        };
        let most = self.descs().len() + MAX_UNDESCRIBED;
        for (name, count) in &collected.undescribed {
            self.faults.reject_one_of(most, name, first.name(), *count);
        }
    }
}

/// Calls code that is not ours, which may panic; what it panics with may panic when it is dropped.
fn quietly(call: impl FnOnce()) {
    let result = catch_unwind(AssertUnwindSafe(call));
    if let Err(payload) = result
        && let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(again);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As much as Linux shows of a thread's name.
const NAME: &str = "metrics-collect";

/// Whether the system has threads.
const THREADS: bool = !cfg!(target_family = "wasm");

/// After this part of the timeout in which nothing has come, another thread takes over.
const PARTS: u32 = 8;

/// The same, at most.
const MOST_PATIENCE: Duration = Duration::from_millis(250);

/// So many families that a collector writes without having described them are counted by name,
/// as names say what is wrong; the rest is its first family's.
const MAX_UNDESCRIBED: usize = 16;

/// So many threads without work are kept.
const MOST_IDLE: usize = 2;
