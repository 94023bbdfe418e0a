//! [`ThreadCache`]: a thread's cache of the series that it records requests into.
//!
//! Without it, a request would look up a series in each of five families, by all its label values,
//! and take 6,576 instructions instead of 2,200 (`layer_request` in tests/tests/instructions.rs).
//! With it, a request whose labels the thread has seen before finds all its series with one look-up
//! at its begin and one at its end.
//!
//! A cached series is used only while it is ready: the thread still has its storage, and the series
//! was not removed. Otherwise the families are searched again.

use std::{cell::RefCell, ptr};

use metrics_core::{Counter, DynamicMetric, Histogram, UpDownCounter};

use super::outcome::{Completion, ResponseStatus};

type Series<M> = <M as DynamicMetric>::Series<'static>;

/// The series of requests with the same labels.
pub(super) struct RequestSeries {
    pub(super) in_flight: Series<UpDownCounter>,
    /// `None` for requests that begin.
    pub(super) completed: Option<CompletedSeries>,
}

/// The series of completed requests with the same labels.
pub(super) struct CompletedSeries {
    pub(super) requests: Option<Series<Counter>>,
    pub(super) duration: Series<Histogram>,
    pub(super) request_size: Series<Histogram>,
    pub(super) response_size: Series<Histogram>,
}

impl RequestSeries {
    /// Whether the calling thread can record into all series without another look-up.
    #[inline]
    fn is_ready(&self) -> bool {
        UpDownCounter::is_ready(&self.in_flight)
            && self.completed.as_ref().is_none_or(|completed| {
                completed.requests.as_ref().is_none_or(Counter::is_ready)
                    && Histogram::is_ready(&completed.duration)
                    && Histogram::is_ready(&completed.request_size)
                    && Histogram::is_ready(&completed.response_size)
            })
    }
}

/// What the labels of a request depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheKey<'a> {
    /// [`hash_request`] of the next fields.
    pub(super) request_hash: u64,
    /// The recorder's address, which no other recorder gets, because recorders are never freed.
    pub(super) recorder: usize,
    pub(super) method: &'static str,
    /// Route or server.
    pub(super) destination: Option<&'a str>,
    pub(super) is_https: bool,
    pub(super) end: End,
}

/// The end of a request, in a form that is fast to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    bits: u64,
    /// The type of the error that the service or the response body returned, or empty.
    error: &'static str,
}

impl End {
    /// The request has begun and not ended.
    pub(super) const NONE: End = End { bits: 0, error: "" };

    pub(super) fn new(status: ResponseStatus, completion: Completion) -> End {
        let (completion, error) = match completion {
            Completion::Complete => (1, ""),
            Completion::Failed(error) => (2, error),
            Completion::Cancelled => (3, ""),
            Completion::Panicked => (4, ""),
        };
        let http = status.http.map_or(0, |http| http.as_u16());
        let grpc = status.grpc.map_or(0, |grpc| 1 + grpc.number() as u64);
        let bits = completion | u64::from(status.is_grpc) << 3 | grpc << 8 | u64::from(http) << 16;
        End { bits, error }
    }
}

/// Hashes what is known when a request begins.
pub(super) fn hash_request(
    recorder: usize,
    method: &'static str,
    destination: Option<&str>,
    is_https: bool,
) -> u64 {
    let hash = mix(recorder as u64, u64::from(is_https));
    let hash = hash_text(hash, method);
    destination.map_or(hash, |text| hash_text(hash, text))
}

fn hash_text(hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = mix(hash, bytes.len() as u64);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    match bytes.last_chunk::<8>() {
        // Overlaps the last word, which is faster than to loop over the rest.
        Some(word) if !rest.is_empty() => mix(hash, u64::from_le_bytes(*word)),
        Some(_) => hash,
        None => rest
            .iter()
            .fold(hash, |hash, byte| hash << 8 ^ hash ^ u64::from(*byte)),
    }
}

/// A step of a hash that need not resist attacks, because a look-up tries few slots.
fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

impl CacheKey<'_> {
    /// The index of the first slot that may have this key.
    #[inline]
    fn home(&self) -> usize {
        // The multiplication leaves the best bits on top.
        (mix(self.request_hash, self.end.bits) >> 32) as usize % SLOTS
    }
}

/// A hash table with linear probing over [`PROBES`] slots.
///
/// Its memory is limited to [`SLOTS`] times the size of a slot. A slot that
/// was once filled is used again for another key without an allocation.
pub(super) struct ThreadCache {
    /// Empty until the thread's first request.
    slots: Vec<Option<Box<Slot>>>,
}

struct Slot {
    request_hash: u64,
    recorder: usize,
    method: &'static str,
    destination: Option<Text>,
    is_https: bool,
    end: End,
    series: RequestSeries,
}

/// A copied text.
struct Text {
    bytes: [u8; MAX_TEXT],
    len: u8,
}

/// The documentation of the layers states this number and the size.
const SLOTS: usize = 256;
const _: () = assert!(size_of::<Slot>() <= 512);
const PROBES: usize = 4;
/// The series of requests with a longer route or server are not cached.
const MAX_TEXT: usize = 120;

thread_local! {
    static CACHE: RefCell<ThreadCache> = const { RefCell::new(ThreadCache { slots: Vec::new() }) };
}

/// Calls `record` with the series for this key: the thread's cached ones, or else those that `find`
/// returns, which it caches.
#[inline]
pub(super) fn with_series(
    key: &CacheKey<'_>,
    find: impl FnOnce() -> RequestSeries,
    record: impl FnOnce(&RequestSeries),
) {
    let mut work = Some((find, record));
    // Both fail only if the thread is ending, or if an allocator records a request.
    _ = CACHE.try_with(|cache| {
        let Ok(mut cache) = cache.try_borrow_mut() else {
            return;
        };
        let Some((find, record)) = work.take() else {
            return;
        };
        match cache.find(key) {
            Some(series) if series.is_ready() => record(series),
            _ => {
                let series = find();
                record(&series);
                cache.insert(key, series);
            }
        }
    });
    if let Some((find, record)) = work {
        record(&find());
    }
}

impl ThreadCache {
    #[inline]
    fn find(&self, key: &CacheKey<'_>) -> Option<&RequestSeries> {
        let home = key.home();
        for at in home..home + PROBES {
            let slot = self.slots.get(at % SLOTS)?.as_ref()?;
            if slot.has(key) {
                return Some(&slot.series);
            }
        }
        None
    }

    #[cold]
    fn insert(&mut self, key: &CacheKey<'_>, series: RequestSeries) {
        let destination = match key.destination.map(Text::new) {
            None => None,
            Some(Some(text)) => Some(text),
            Some(None) => return,
        };
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let home = key.home();
        let mut probes = (home..home + PROBES).map(|at| at % SLOTS);
        let is_usable = |at: &usize| self.slots[*at].as_ref().is_none_or(|slot| slot.has(key));
        let at = probes.find(is_usable).unwrap_or(home);
        let slot = Slot {
            request_hash: key.request_hash,
            recorder: key.recorder,
            method: key.method,
            destination,
            is_https: key.is_https,
            end: key.end,
            series,
        };
        match &mut self.slots[at] {
            Some(replaced) => **replaced = slot,
            empty => *empty = Some(Box::new(slot)),
        }
    }
}

impl Slot {
    #[inline]
    fn has(&self, key: &CacheKey<'_>) -> bool {
        // The hash differs for most other keys, so that their texts are not compared.
        self.request_hash == key.request_hash
            && self.end == key.end
            && self.recorder == key.recorder
            && self.is_https == key.is_https
            // The text of a method is at one address. If it were not, the slot would not be found.
            && ptr::eq(self.method, key.method)
            && self.destination.as_ref().map(Text::as_bytes) == key.destination.map(str::as_bytes)
    }
}

impl Text {
    /// `None` if the text is too long.
    fn new(text: &str) -> Option<Text> {
        let mut bytes = [0; MAX_TEXT];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).ok()?;
        Some(Text { bytes, len })
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use hyper::StatusCode;
    use metrics_core::{DynamicFamily, Options, Registry};

    use super::*;

    /// A counter for each key of a test, next to an unused gauge.
    struct Families {
        requests: DynamicFamily<Counter>,
        in_flight: DynamicFamily<UpDownCounter>,
        unused: DynamicFamily<Histogram>,
    }

    impl Families {
        fn leaked() -> &'static Families {
            let registry = Registry::new();
            let options = |name| Options::new(name, "Requests.").labels(["key"]);
            let in_flight = registry.create_family(options("in_flight"));
            let unused = registry.create_family(options("unused").buckets([1.0]));
            Box::leak(Box::new(Families {
                requests: registry.create_family(options("requests_total")).unwrap(),
                in_flight: in_flight.unwrap(),
                unused: unused.unwrap(),
            }))
        }

        fn count(&'static self, key: &CacheKey<'_>) {
            let label = format!("{key:?}");
            let find = || RequestSeries {
                in_flight: self.in_flight.with(&[&label]),
                completed: Some(CompletedSeries {
                    requests: Some(self.requests.with(&[&label])),
                    duration: self.unused.with(&[&label]),
                    request_size: self.unused.with(&[&label]),
                    response_size: self.unused.with(&[&label]),
                }),
            };
            with_series(key, find, |series| {
                let requests = series
                    .completed
                    .as_ref()
                    .and_then(|all| all.requests.as_ref());
                requests.expect("found above").inc();
                series.in_flight.inc();
                let completed = series.completed.as_ref().expect("found above");
                completed.duration.observe(0.0);
            });
        }

        fn counted(&self, key: &CacheKey<'_>) -> u64 {
            self.requests.with(&[&format!("{key:?}")]).get()
        }
    }

    fn key(destination: Option<&str>) -> CacheKey<'_> {
        CacheKey {
            request_hash: hash_request(1, "GET", destination, false),
            recorder: 1,
            method: "GET",
            destination,
            is_https: false,
            end: End::NONE,
        }
    }

    #[test]
    fn each_key_is_counted_in_its_own_series_however_many_a_thread_uses() {
        let families = Families::leaked();
        let routes: Vec<_> = (0..40).map(|at| "/ab".repeat(at)).collect();
        let ends = [None, Some(200), Some(404)].map(|code| {
            let http = code.map(|code: u16| StatusCode::from_u16(code).unwrap());
            let status = ResponseStatus {
                http,
                ..ResponseStatus::default()
            };
            [
                Completion::Complete,
                Completion::Failed("a"),
                Completion::Failed("b"),
            ]
            .map(|completion| End::new(status, completion))
        });
        let ends: Vec<_> = ends.into_iter().flatten().chain([End::NONE]).collect();
        let mut random = fastrand::Rng::with_seed(7);
        let mut expected = std::collections::HashMap::new();
        for _ in 0..20_000 {
            let destination = (!random.bool()).then(|| &*routes[random.usize(..routes.len())]);
            let method = ["GET", "PUT"][random.usize(..2)];
            let (recorder, is_https) = (random.usize(1..3), random.bool());
            let key = CacheKey {
                request_hash: hash_request(recorder, method, destination, is_https),
                recorder,
                method,
                destination,
                is_https,
                end: ends[random.usize(..ends.len())],
            };
            families.count(&key);
            expected.entry(format!("{key:?}")).or_insert((key, 0)).1 += 1;
        }
        assert!(expected.len() > SLOTS);
        for (key, expected) in expected.into_values() {
            assert_eq!(families.counted(&key), expected, "{key:?}");
        }
    }

    #[test]
    fn a_thread_finds_a_series_in_its_cache_from_the_third_request_on() {
        let families = Families::leaked();
        let key = key(Some("/"));
        let found = |key: &CacheKey<'_>| {
            let is_ready = |cache: &RefCell<ThreadCache>| {
                cache
                    .borrow()
                    .find(key)
                    .is_some_and(RequestSeries::is_ready)
            };
            CACHE.with(is_ready)
        };
        families.count(&key);
        families.count(&key);
        assert!(found(&key));
        thread::scope(|scope| scope.spawn(|| assert!(!found(&key))).join().unwrap());
    }

    #[test]
    fn requests_after_the_removal_of_a_series_are_counted_in_a_new_one() {
        let families = Families::leaked();
        let key = key(Some("/"));
        for _ in 0..5 {
            families.count(&key);
        }
        families.requests.clear();
        families.count(&key);
        assert_eq!(families.counted(&key), 1);
    }

    #[test]
    fn a_route_that_is_too_long_for_the_cache_is_counted() {
        let families = Families::leaked();
        let route = "/a".repeat(MAX_TEXT);
        for _ in 0..3 {
            families.count(&key(Some(&route)));
        }
        assert_eq!(families.counted(&key(Some(&route))), 3);
    }
}
