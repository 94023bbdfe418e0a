//! Gathers the metrics of a registry to answer requests of the live page, and keeps a history.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use metrics_core::Registry;
use serde_json::value::to_raw_value;

use super::{
    feed::{Current, FeedQuery, Link},
    history::{self, History},
    point::Point,
    schema::Schema,
    series::SeriesQuery,
};
use crate::{
    scrape::{CodedBody, ContentCoding, compress},
    workers::{Budget, Limits, Refusal, Workers},
};

/// The data of the page, shared by all viewers.
///
/// Nothing gathers in the background. A feed request gathers if the last gathering is at least
/// [`MIN_INTERVAL`] old, and uses the last point otherwise. All of it happens on one thread, which
/// also compresses the answers: equal requests within an interval share one. When the thread has
/// had no request for the idle timeout, it discards the data and ends.
pub(super) struct Sampler {
    source: Arc<Source>,
    state: Arc<Mutex<State>>,
    workers: Workers,
}

/// The registry that the page displays, and the parts of responses that never change.
struct Source {
    registry: Registry,
    links: Box<[Link]>,
    /// Identifies this run of the program.
    run: String,
}

/// The gathered data; an idle period clears everything but `revision` and `last_point`.
struct State {
    schema: Schema,
    history: History,
    last_gathered: Option<Instant>,
    /// The responses that contain the latest point.
    feed_cache: Vec<(FeedKey, CodedBody)>,
    /// The latest responses about series, by query.
    series_cache: Vec<((SeriesQuery, ContentCoding), Instant, CodedBody)>,
    /// Limits the memory of the two caches and of the responses that clients have not read yet.
    budget: Budget,
    /// Revision of the schema. Like `last_point`, it survives an idle period, so that a page
    /// notices what it has missed.
    revision: u64,
    /// Number of the latest point.
    last_point: u64,
}

/// Two feed requests with equal keys get the same response until there is a new point.
#[derive(Clone, Copy, PartialEq)]
struct FeedKey {
    /// Number of the page's newest point.
    since: u64,
    has_schema: bool,
    coding: ContentCoding,
}

impl Sampler {
    pub(super) fn new(registry: Registry, links: Box<[Link]>, idle_timeout: Duration) -> Sampler {
        let state = Arc::new(Mutex::new(State::new()));
        let idle = Arc::clone(&state);
        let clear = move || lock(&idle).clear();
        Sampler {
            source: Arc::new(Source {
                registry,
                links,
                run: format!("{:x}", nanos_since_epoch()),
            }),
            state,
            workers: Workers::with_idle_hook("metrics-page", LIMITS, idle_timeout, clear),
        }
    }

    /// The data that a page lacks, as JSON.
    pub(super) async fn feed(
        &self,
        query: FeedQuery,
        coding: ContentCoding,
    ) -> Result<CodedBody, Refusal> {
        self.respond(move |source, state| state.feed(source, &query, coding, Instant::now()))
            .await
    }

    /// Series of a family, as JSON.
    pub(super) async fn series(
        &self,
        query: SeriesQuery,
        coding: ContentCoding,
    ) -> Result<CodedBody, Refusal> {
        self.respond(move |source, state| state.series(source, query, coding, Instant::now()))
            .await
    }

    /// Runs `work` on the page's thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        self.workers.run(work).await
    }

    async fn respond(
        &self,
        work: impl FnOnce(&Source, &mut State) -> Option<CodedBody> + Send + 'static,
    ) -> Result<CodedBody, Refusal> {
        let (source, state) = (Arc::clone(&self.source), Arc::clone(&self.state));
        let body = self.run(move || work(&source, &mut lock(&state))).await?;
        body.ok_or(Refusal::Full)
    }
}

impl State {
    fn new() -> State {
        State {
            schema: Schema::default(),
            history: History::new(history::MAX_BYTES),
            last_gathered: None,
            feed_cache: Vec::new(),
            series_cache: Vec::new(),
            budget: Budget::new(MAX_KIBIBYTES),
            revision: 0,
            last_point: 0,
        }
    }

    /// The response to a feed request; `None` if unread responses occupy all memory for them.
    fn feed(
        &mut self,
        source: &Source,
        query: &FeedQuery,
        coding: ContentCoding,
        now: Instant,
    ) -> Option<CodedBody> {
        self.gather(&source.registry, now);
        let key = FeedKey {
            // A page cannot have a newer point, whatever number a client sends.
            since: query.last_point(&source.run).min(self.last_point),
            has_schema: query.is_outdated(&source.run, self.revision),
            coding,
        };
        let mut cached = self.feed_cache.iter();
        if let Some((_, body)) = cached.find(|(other, _)| *other == key) {
            return Some(body.clone());
        }
        let current = Current {
            run: &source.run,
            revision: self.revision,
            schema: key.has_schema.then_some(&self.schema),
            links: &source.links,
        };
        let json = current.to_json(self.history.since(key.since));
        let body = self.hold(json, coding)?;
        if self.feed_cache.len() >= MAX_CACHED_RESPONSES {
            self.feed_cache.remove(0);
        }
        self.feed_cache.push((key, body.clone()));
        Some(body)
    }

    /// Adds a point, unless the last one is less than [`MIN_INTERVAL`] old.
    fn gather(&mut self, registry: &Registry, now: Instant) {
        if self
            .last_gathered
            .is_some_and(|last| now.saturating_duration_since(last) < MIN_INTERVAL)
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
        // Does not fail, because non-finite numbers become `null`, and all map keys are strings or
        // integers.
        if let Ok(point) = to_raw_value(&point) {
            self.history.push(self.last_point, point);
        }
        self.last_gathered = Some(now);
        self.feed_cache.clear();
    }

    /// The response to a query for series; `None` if unread responses occupy all memory for them.
    fn series(
        &mut self,
        source: &Source,
        query: SeriesQuery,
        coding: ContentCoding,
        now: Instant,
    ) -> Option<CodedBody> {
        self.series_cache
            .retain(|(_, time, _)| now.saturating_duration_since(*time) < MIN_INTERVAL);
        let key = (query, coding);
        let mut cached = self.series_cache.iter();
        if let Some((_, _, body)) = cached.find(|(other, _, _)| *other == key) {
            return Some(body.clone());
        }
        let registry = &source.registry;
        let json = key
            .0
            .gather(registry, seconds_since_epoch(), COLLECTOR_TIMEOUT);
        let body = self.hold(json, coding)?;
        if self.series_cache.len() >= MAX_CACHED_RESPONSES {
            self.series_cache.remove(0);
        }
        self.series_cache.push((key, now, body.clone()));
        Some(body)
    }

    /// Compresses a response, and counts it towards the budget; at the expense of the caches.
    fn hold(&mut self, json: String, coding: ContentCoding) -> Option<CodedBody> {
        let (coding, content) = compress(json.into_bytes(), coding);
        let held = self.budget.hold(content).or_else(|content| {
            self.feed_cache.clear();
            self.series_cache.clear();
            self.budget.hold(content)
        });
        let bytes = held.ok()?;
        Some(CodedBody { coding, bytes })
    }

    fn clear(&mut self) {
        *self = State {
            budget: self.budget.clone(),
            revision: self.revision,
            last_point: self.last_point,
            ..State::new()
        };
    }
}

/// Ignores poisoning: a response that could not be made leaves at worst a gap in the data.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
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
/// Limit on the entries of each cache.
const MAX_CACHED_RESPONSES: usize = 8;
/// Four of the largest responses without compression: a full history.
const MAX_KIBIBYTES: u32 = 4 * (history::MAX_BYTES / 1024) as u32;
/// One thread, because viewers share what it does. The page gives up after 10 seconds.
const LIMITS: Limits = Limits {
    threads: 1,
    queued: 32,
    time: Duration::from_secs(10),
};

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        thread,
    };

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

    /// The state of a page, at a time that the test chooses.
    struct Test {
        source: Source,
        calls: Arc<CallCounter>,
        state: State,
        now: Instant,
    }

    impl Test {
        fn new() -> Test {
            let calls = Arc::new(CallCounter::default());
            let registry = Registry::new();
            registry.register(calls.clone()).unwrap();
            Test {
                source: Source {
                    registry,
                    links: Box::default(),
                    run: "first".to_owned(),
                },
                calls,
                state: State::new(),
                now: Instant::now(),
            }
        }

        fn body(&mut self, query: &str, coding: ContentCoding) -> Option<CodedBody> {
            let query = FeedQuery::parse(query);
            self.state.feed(&self.source, &query, coding, self.now)
        }

        fn feed(&mut self, query: &str) -> Value {
            let body = self.body(query, ContentCoding::Identity);
            serde_json::from_slice(&body.unwrap().bytes).unwrap()
        }

        fn series(&mut self, query: &str) -> Value {
            let (query, coding) = (SeriesQuery::parse(query), ContentCoding::Identity);
            let body = self.state.series(&self.source, query, coding, self.now);
            serde_json::from_slice(&body.unwrap().bytes).unwrap()
        }

        fn calls(&self) -> u32 {
            self.calls.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn requests_within_a_second_share_a_point_and_a_body() {
        let mut test = Test::new();
        let first = test.body("", ContentCoding::Identity).unwrap().bytes;
        let second = test.body("", ContentCoding::Identity).unwrap().bytes;
        assert_eq!(first.as_ptr(), second.as_ptr());
        assert_eq!(test.calls(), 1);
        test.now += MIN_INTERVAL;
        let feed = test.feed("");
        assert_eq!(test.calls(), 2);
        assert_eq!(feed["points"].as_array().unwrap().len(), 2);
        assert_eq!(feed["schema"]["families"][0]["name"], "stock");
    }

    #[test]
    fn a_number_that_no_point_has_shares_the_body_of_the_newest() {
        let mut test = Test::new();
        let feed = test.feed("");
        let known = format!("run=first&revision={}", feed["revision"]);
        let mut since = |number: u64| {
            let query = format!("{known}&since={number}");
            let body = test.body(&query, ContentCoding::Identity);
            body.unwrap().bytes
        };
        assert_eq!(since(1).as_ptr(), since(1_000_000).as_ptr());
    }

    #[test]
    fn a_cleared_page_keeps_nothing() {
        let mut test = Test::new();
        test.feed("");
        test.state.clear();
        assert_eq!(test.state.history.len(), 0);
        assert!(test.state.schema.families.is_empty());
        assert!(test.state.feed_cache.is_empty());
        assert_eq!(test.calls(), 1);
    }

    #[test]
    fn numbering_continues_after_an_idle_period() {
        let mut test = Test::new();
        let before = test.feed("");
        test.state.clear();
        let revision = before["revision"].as_u64().unwrap();
        let after = test.feed(&format!("run=first&revision={revision}&since=1"));
        assert_eq!(after["points"][0]["number"], 2);
        // The schema was built anew, so its families or their order may have changed.
        assert_eq!(after["revision"], revision + 1);
        assert!(after["schema"].is_object());
    }

    #[test]
    fn an_idle_page_discards_its_data() {
        let sampler = Sampler::new(Registry::new(), Box::default(), Duration::ZERO);
        let runtime = runtime::Builder::new_current_thread().enable_time().build();
        let feed = sampler.feed(FeedQuery::default(), ContentCoding::Identity);
        runtime.unwrap().block_on(feed).unwrap();
        let start = Instant::now();
        while lock(&sampler.state).last_gathered.is_some() {
            assert!(start.elapsed() < Duration::from_secs(30), "still has data");
            thread::yield_now();
        }
    }

    #[test]
    fn responses_that_clients_do_not_read_occupy_a_bounded_memory() {
        let mut test = Test::new();
        test.state.budget = Budget::new(8);
        let mut unread = Vec::new();
        let is_refused = (0..100).any(|_| {
            test.now += MIN_INTERVAL;
            let body = test.body("", ContentCoding::Identity);
            let is_refused = body.is_none();
            unread.extend(body);
            is_refused
        });
        assert!(is_refused);
        unread.clear();
        assert!(test.body("", ContentCoding::Identity).is_some());
    }

    #[test]
    fn series_have_their_labels() {
        let mut test = Test::new();
        let series = test.series("family=stock");
        assert_eq!(series["total"], 1);
        assert_eq!(series["series"][0]["labels"][0][1], "<a>");
        assert_eq!(test.series("family=stock&search=b")["total"], 0);
    }
}
