//! Looks at a registry while somebody looks at the page.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use metrics_core::Registry;
use serde_json::value::to_raw_value;
use tokio::{
    sync::{Mutex as Turn, oneshot},
    time,
};

use super::{
    about::About,
    feed::{Known, Link, Since},
    history::{self, History},
    point::Point,
    rows::Wanted,
};

/// What all viewers share.
///
/// There is no thread and no clock of its own: a question that comes a second after the last one
/// has its answer gathered, by a thread that lives no longer than that, and the others get the
/// same. Once nobody has asked for a while, what was kept is forgotten.
#[derive(Clone)]
pub(super) struct Watch {
    registry: Registry,
    links: Arc<[Link]>,
    run: Arc<str>,
    /// Whoever has it gathers; the others wait for their turn without blocking a thread.
    memory: Arc<Turn<Memory>>,
    attention: Arc<Mutex<Attention>>,
    patience: Duration,
}

/// What is kept while somebody looks.
struct Memory {
    about: About,
    history: History,
    gathered: Option<Instant>,
    /// The latest answers about series, by what was asked.
    rows: Vec<(Wanted, Instant, String)>,
    /// These two go on counting, whatever is forgotten.
    edition: u64,
    number: u64,
}

/// Whether somebody looks.
struct Attention {
    asked: Instant,
    /// Whether a task waits to see whether nobody does any more.
    is_watched: bool,
}

impl Watch {
    pub(super) fn new(registry: Registry, metrics: &str, patience: Duration) -> Watch {
        // Relative, so that a proxy may have the page below a path of its own.
        let links = [
            (metrics.trim_start_matches('/'), "Exposition"),
            ("catalog.json", "Catalogue"),
            ("dashboard.json", "Dashboard"),
            ("rules.yml", "Rules"),
        ];
        let links = links.map(|(href, text)| Link {
            href: href.to_owned(),
            text,
        });
        Watch {
            registry,
            links: links.into(),
            run: format!("{:x}", nanos_since_epoch()).into(),
            memory: Arc::new(Turn::new(Memory {
                about: About::default(),
                history: History::new(history::BYTES),
                gathered: None,
                rows: Vec::new(),
                edition: 0,
                number: 0,
            })),
            attention: Arc::new(Mutex::new(Attention {
                asked: Instant::now(),
                is_watched: false,
            })),
            patience,
        }
    }

    /// What a page has not read yet; nothing where it could not be gathered.
    pub(super) async fn feed(&self, since: Since) -> Option<String> {
        let (registry, links, run) = (
            self.registry.clone(),
            Arc::clone(&self.links),
            Arc::clone(&self.run),
        );
        self.on_a_thread(move |memory| {
            memory.gather(&registry);
            let points = memory.history.since(since.point(&run));
            let known = Known {
                run: &run,
                edition: memory.edition,
                about: &memory.about,
                links: &links,
            };
            since.answer(&known, points)
        })
        .await
    }

    /// Series of a family; nothing where they could not be gathered.
    pub(super) async fn rows(&self, wanted: Wanted) -> Option<String> {
        let registry = self.registry.clone();
        self.on_a_thread(move |memory| memory.rows(&registry, wanted))
            .await
    }

    /// Has its turn at the memory, on a thread that a collector may block: neither the server's
    /// nor one of the program's.
    async fn on_a_thread(
        &self,
        work: impl FnOnce(&mut Memory) -> String + Send + 'static,
    ) -> Option<String> {
        self.look();
        let mut memory = Arc::clone(&self.memory).lock_owned().await;
        let (done, outcome) = oneshot::channel();
        thread::Builder::new()
            .name("metrics-page".to_owned())
            .spawn(move || {
                let answer = work(&mut memory);
                drop(memory);
                // Whoever asked may have gone away.
                let _ = done.send(answer);
            })
            .ok()?;
        outcome.await.ok()
    }

    /// Notes that somebody looks.
    fn look(&self) {
        let mut attention = self.attention();
        attention.asked = Instant::now();
        if !attention.is_watched {
            attention.is_watched = true;
            tokio::spawn(self.clone().forget());
        }
    }

    /// Waits until nobody looks any more, and forgets what was kept.
    async fn forget(self) {
        loop {
            let asked = self.attention().asked;
            time::sleep_until((asked + self.patience).into()).await;
            let mut memory = self.memory.lock().await;
            let mut attention = self.attention();
            if attention.asked.elapsed() >= self.patience {
                memory.forget();
                attention.is_watched = false;
                return;
            }
        }
    }

    /// No code that can panic runs under the lock, so a poisoned one is sound.
    fn attention(&self) -> MutexGuard<'_, Attention> {
        let attention = self.attention.lock();
        attention.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// Adds a point, unless the last one is of this second.
    fn gather(&mut self, registry: &Registry) {
        if self.gathered.is_some_and(|last| last.elapsed() < STEP) {
            return;
        }
        let began = Instant::now();
        let gathered = registry.gather_within(MOST_TIME, None);
        if self.about.learn(registry, &gathered) {
            self.edition += 1;
        }
        let mut point = Point::new(&self.about, &gathered);
        self.number += 1;
        point.number = self.number;
        point.time = seconds_since_epoch();
        point.took = began.elapsed().as_secs_f64();
        self.gathered = Some(began);
        if let Ok(point) = to_raw_value(&point) {
            self.history.push(self.number, point);
        }
    }

    /// Series of a family, as they are or were less than a second ago.
    fn rows(&mut self, registry: &Registry, wanted: Wanted) -> String {
        self.rows.retain(|(_, at, _)| at.elapsed() < STEP);
        if let Some((_, _, rows)) = self.rows.iter().find(|(other, _, _)| *other == wanted) {
            return rows.clone();
        }
        let now = Instant::now();
        let rows = wanted.gather(registry, seconds_since_epoch(), MOST_TIME);
        if self.rows.len() >= ANSWERS {
            self.rows.remove(0);
        }
        self.rows.push((wanted, now, rows.clone()));
        rows
    }

    fn forget(&mut self) {
        self.about = About::default();
        self.history = History::new(history::BYTES);
        self.gathered = None;
        self.rows = Vec::new();
    }
}

fn seconds_since_epoch() -> f64 {
    nanos_since_epoch() as f64 / 1e9
}

fn nanos_since_epoch() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos())
}

/// Less than the second between a page's questions, which do not come on the dot.
const STEP: Duration = Duration::from_millis(900);
/// What a collector may take; the page waits for nothing longer.
const MOST_TIME: Duration = Duration::from_secs(2);
/// Answers about series that are kept for others who ask the same.
const ANSWERS: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use metrics_core::{Collection, Collector, Desc, Kind};
    use serde_json::Value;
    use tokio::runtime;

    use super::*;

    /// Counts how often it is asked.
    #[derive(Default)]
    struct Asked(AtomicU32);

    impl Collector for Asked {
        fn descs(&self) -> &[Desc] {
            static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "stock", "Pieces.")];
            &DESCS
        }

        fn collect(&self, out: &mut Collection<'_>) {
            let times = self.0.fetch_add(1, Ordering::Relaxed);
            out.gauge(&self.descs()[0], &[("shelf", "<a>")], f64::from(times));
        }
    }

    /// Runs it with a watch that forgets soon.
    fn watching<F: Future<Output = ()>>(work: impl FnOnce(Watch, Arc<Asked>) -> F) {
        let asked = Arc::new(Asked::default());
        let registry = Registry::new();
        registry.register(asked.clone()).unwrap();
        let watch = Watch::new(registry, "/metrics", Duration::from_millis(50));
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(work(watch, asked));
    }

    async fn feed(watch: &Watch, query: &str) -> Value {
        let json = watch.feed(Since::parse(query)).await.unwrap();
        serde_json::from_str(&json).unwrap()
    }

    async fn is_forgotten(watch: &Watch) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while watch.attention().is_watched {
            assert!(Instant::now() < deadline, "it still watches");
            time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[test]
    fn viewers_of_one_second_share_a_point() {
        watching(async |watch, asked| {
            let first = feed(&watch, "").await;
            let second = feed(&watch, "").await;
            // Both came within a second, unless the machine stood still.
            let points = second["points"].as_array().unwrap().len();
            let times = asked.0.load(Ordering::Relaxed);
            assert_eq!(points, times as usize);
            assert_eq!(first["points"][0], second["points"][0]);
            assert_eq!(first["about"]["families"][0]["name"], "stock");
        });
    }

    #[test]
    fn nothing_is_gathered_and_nothing_kept_when_nobody_looks() {
        watching(async |watch, asked| {
            feed(&watch, "").await;
            let times = asked.0.load(Ordering::Relaxed);
            is_forgotten(&watch).await;
            assert_eq!(asked.0.load(Ordering::Relaxed), times);
            let memory = watch.memory.lock().await;
            assert_eq!(memory.history.len(), 0);
            assert!(memory.about.families.is_empty());
        });
    }

    #[test]
    fn whoever_comes_back_goes_on_where_the_numbers_were() {
        watching(async |watch, _| {
            let before = feed(&watch, "").await;
            is_forgotten(&watch).await;
            let run = before["run"].as_str().unwrap();
            let edition = before["edition"].as_u64().unwrap();
            let after = feed(&watch, &format!("run={run}&edition={edition}&since=1")).await;
            assert_eq!(after["points"][0]["number"], 2);
            // It may be other families, or the same in another order.
            assert_eq!(after["edition"], edition + 1);
            assert!(after["about"].is_object());
        });
    }

    #[test]
    fn series_come_with_their_labels() {
        watching(async |watch, _| {
            let rows = watch.rows(Wanted::parse("family=stock")).await.unwrap();
            let rows: Value = serde_json::from_str(&rows).unwrap();
            assert_eq!(rows["total"], 1);
            assert_eq!(rows["rows"][0]["labels"][0][1], "<a>");
            let none = watch.rows(Wanted::parse("family=stock&search=b")).await;
            let none: Value = serde_json::from_str(&none.unwrap()).unwrap();
            assert_eq!(none["total"], 0);
        });
    }
}
