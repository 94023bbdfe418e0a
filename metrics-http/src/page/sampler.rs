//! Gathers the metrics of a registry to answer requests of the live page, and keeps a history.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use metrics_core::Registry;
use serde_json::value::to_raw_value;
use tokio::{
    sync::{Mutex as AsyncMutex, oneshot},
    time,
};

use super::{
    feed::{Current, FeedQuery, Link},
    history::{self, History},
    point::Point,
    schema::Schema,
    series::SeriesQuery,
};

/// The data of the page, shared by all viewers.
///
/// Nothing gathers in the background. A feed request gathers if the last gathering is at least
/// [`MIN_INTERVAL`] old, and uses the last point otherwise. After [`IDLE_TIMEOUT`] without a
/// request, a task discards the history.
#[derive(Clone)]
pub(super) struct Sampler {
    registry: Registry,
    links: Arc<[Link]>,
    /// Identifies this run of the program.
    run: Arc<str>,
    /// Locked while gathering; an async mutex, so that waiting requests do not block a thread.
    state: Arc<AsyncMutex<State>>,
    activity: Arc<Mutex<Activity>>,
    idle_timeout: Duration,
}

/// The gathered data; an idle period clears everything but `revision` and `last_point`.
struct State {
    schema: Schema,
    history: History,
    last_gathered: Option<Instant>,
    /// The latest responses about series, by query.
    series_cache: Vec<(SeriesQuery, Instant, String)>,
    /// Revision of the schema. Like `last_point`, it survives an idle period, so that a page
    /// notices what it has missed.
    revision: u64,
    /// Number of the latest point.
    last_point: u64,
}

/// The time of the last request, from which a task detects that the page was closed.
struct Activity {
    last_request: Instant,
    /// Whether a task waits for the idle timeout.
    has_idle_task: bool,
}

impl Sampler {
    pub(super) fn new(registry: Registry, links: Arc<[Link]>, idle_timeout: Duration) -> Sampler {
        Sampler {
            registry,
            links,
            run: format!("{:x}", nanos_since_epoch()).into(),
            state: Arc::new(AsyncMutex::new(State {
                schema: Schema::default(),
                history: History::new(history::MAX_BYTES),
                last_gathered: None,
                series_cache: Vec::new(),
                revision: 0,
                last_point: 0,
            })),
            activity: Arc::new(Mutex::new(Activity {
                last_request: Instant::now(),
                has_idle_task: false,
            })),
            idle_timeout,
        }
    }

    /// The data that a page lacks, as JSON; `None` if it could not be gathered.
    pub(super) async fn feed(&self, query: FeedQuery) -> Option<String> {
        let (registry, links, run) = (
            self.registry.clone(),
            Arc::clone(&self.links),
            Arc::clone(&self.run),
        );
        self.with_state(move |state| {
            state.gather(&registry);
            let points = state.history.since(query.last_point(&run));
            let current = Current {
                run: &run,
                revision: state.revision,
                schema: &state.schema,
                links: &links,
            };
            query.respond(&current, points)
        })
        .await
    }

    /// Series of a family, as JSON; `None` if they could not be gathered.
    pub(super) async fn series(&self, query: SeriesQuery) -> Option<String> {
        let registry = self.registry.clone();
        self.with_state(move |state| state.series(&registry, query))
            .await
    }

    /// Runs `work` with the state on a new thread, because a collector may block.
    async fn with_state(
        &self,
        work: impl FnOnce(&mut State) -> String + Send + 'static,
    ) -> Option<String> {
        self.note_request();
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let (sender, response) = oneshot::channel();
        thread::Builder::new()
            .name("metrics-page".to_owned())
            .spawn(move || {
                let json = work(&mut state);
                drop(state);
                // Fails if the client has gone away.
                let _ = sender.send(json);
            })
            .ok()?;
        response.await.ok()
    }

    /// Restarts the idle timeout.
    fn note_request(&self) {
        let mut activity = self.activity();
        activity.last_request = Instant::now();
        if !activity.has_idle_task {
            activity.has_idle_task = true;
            tokio::spawn(self.clone().clear_when_idle());
        }
    }

    async fn clear_when_idle(self) {
        loop {
            let last_request = self.activity().last_request;
            time::sleep_until((last_request + self.idle_timeout).into()).await;
            let mut state = self.state.lock().await;
            let mut activity = self.activity();
            if activity.last_request.elapsed() >= self.idle_timeout {
                state.clear();
                activity.has_idle_task = false;
                return;
            }
        }
    }

    /// Locks the activity. Ignores poisoning, because the code under the lock does not panic.
    fn activity(&self) -> MutexGuard<'_, Activity> {
        let activity = self.activity.lock();
        activity.unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds a point, unless the last one is less than [`MIN_INTERVAL`] old.
    fn gather(&mut self, registry: &Registry) {
        if self
            .last_gathered
            .is_some_and(|last| last.elapsed() < MIN_INTERVAL)
        {
            return;
        }
        let start = Instant::now();
        let gathered = registry.gather_within(COLLECTOR_TIMEOUT, None);
        if self.schema.extend(registry, &gathered) {
            self.revision += 1;
        }
        let mut point = Point::new(&self.schema, &gathered);
        self.last_point += 1;
        point.number = self.last_point;
        point.time = seconds_since_epoch();
        point.gather_seconds = start.elapsed().as_secs_f64();
        self.last_gathered = Some(start);
        if let Ok(point) = to_raw_value(&point) {
            self.history.push(self.last_point, point);
        }
    }

    /// The response to a series query, from the cache if a recent one is there.
    fn series(&mut self, registry: &Registry, query: SeriesQuery) -> String {
        self.series_cache
            .retain(|(_, time, _)| time.elapsed() < MIN_INTERVAL);
        let mut cached = self.series_cache.iter();
        if let Some((_, _, json)) = cached.find(|(other, _, _)| *other == query) {
            return json.clone();
        }
        let now = Instant::now();
        let json = query.gather(registry, seconds_since_epoch(), COLLECTOR_TIMEOUT);
        if self.series_cache.len() >= MAX_CACHED_QUERIES {
            self.series_cache.remove(0);
        }
        self.series_cache.push((query, now, json.clone()));
        json
    }

    fn clear(&mut self) {
        self.schema = Schema::default();
        self.history = History::new(history::MAX_BYTES);
        self.last_gathered = None;
        self.series_cache = Vec::new();
    }
}

fn seconds_since_epoch() -> f64 {
    nanos_since_epoch() as f64 / 1e9
}

fn nanos_since_epoch() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos())
}

/// Without a request for this long, the page is considered closed.
///
/// An open page polls every second, unless it is paused or in a hidden tab.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Slightly less than a second, because a page polls once a second, with a varying delay.
const MIN_INTERVAL: Duration = Duration::from_millis(900);
/// A response lacks the families of collectors that take longer.
const COLLECTOR_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_CACHED_QUERIES: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use metrics_core::{Collection, Collector, Desc, Kind};
    use serde_json::Value;
    use tokio::runtime;

    use super::*;

    /// A collector that counts how often it is called.
    #[derive(Default)]
    struct CallCounter(AtomicU32);

    impl Collector for CallCounter {
        fn descs(&self) -> &[Desc] {
            static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "stock", "Pieces.")];
            &DESCS
        }

        fn collect(&self, out: &mut Collection<'_>) {
            let calls = self.0.fetch_add(1, Ordering::Relaxed);
            out.gauge(&self.descs()[0], &[("shelf", "<a>")], f64::from(calls));
        }
    }

    /// Runs a test with a sampler whose idle timeout is short.
    fn with_sampler<F: Future<Output = ()>>(test: impl FnOnce(Sampler, Arc<CallCounter>) -> F) {
        let calls = Arc::new(CallCounter::default());
        let registry = Registry::new();
        registry.register(calls.clone()).unwrap();
        let sampler = Sampler::new(registry, Arc::default(), Duration::from_millis(50));
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(test(sampler, calls));
    }

    async fn feed(sampler: &Sampler, query: &str) -> Value {
        let json = sampler.feed(FeedQuery::parse(query)).await.unwrap();
        serde_json::from_str(&json).unwrap()
    }

    async fn wait_until_idle(sampler: &Sampler) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while sampler.activity().has_idle_task {
            assert!(
                Instant::now() < deadline,
                "the sampler does not become idle"
            );
            time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[test]
    fn requests_within_a_second_share_a_point() {
        with_sampler(async |sampler, calls| {
            let first = feed(&sampler, "").await;
            let second = feed(&sampler, "").await;
            // On a busy machine, the requests may be more than `MIN_INTERVAL` apart, and each of
            // them gathers.
            let points = second["points"].as_array().unwrap().len();
            let count = calls.0.load(Ordering::Relaxed);
            assert_eq!(points, count as usize);
            assert_eq!(first["points"][0], second["points"][0]);
            assert_eq!(first["schema"]["families"][0]["name"], "stock");
        });
    }

    #[test]
    fn an_idle_sampler_gathers_nothing_and_keeps_nothing() {
        with_sampler(async |sampler, calls| {
            feed(&sampler, "").await;
            let count = calls.0.load(Ordering::Relaxed);
            wait_until_idle(&sampler).await;
            assert_eq!(calls.0.load(Ordering::Relaxed), count);
            let state = sampler.state.lock().await;
            assert_eq!(state.history.len(), 0);
            assert!(state.schema.families.is_empty());
        });
    }

    #[test]
    fn numbering_continues_after_an_idle_period() {
        with_sampler(async |sampler, _| {
            let before = feed(&sampler, "").await;
            wait_until_idle(&sampler).await;
            let run = before["run"].as_str().unwrap();
            let revision = before["revision"].as_u64().unwrap();
            let after = feed(&sampler, &format!("run={run}&revision={revision}&since=1")).await;
            assert_eq!(after["points"][0]["number"], 2);
            // The schema was built anew, so its families or their order may have changed.
            assert_eq!(after["revision"], revision + 1);
            assert!(after["schema"].is_object());
        });
    }

    #[test]
    fn series_have_their_labels() {
        with_sampler(async |sampler, _| {
            let series = sampler
                .series(SeriesQuery::parse("family=stock"))
                .await
                .unwrap();
            let series: Value = serde_json::from_str(&series).unwrap();
            assert_eq!(series["total"], 1);
            assert_eq!(series["series"][0]["labels"][0][1], "<a>");
            let none = sampler
                .series(SeriesQuery::parse("family=stock&search=b"))
                .await;
            let none: Value = serde_json::from_str(&none.unwrap()).unwrap();
            assert_eq!(none["total"], 0);
        });
    }
}
