//! Tests that each thread finds the series of the facade `metrics` that it has recorded before, as
//! long as they exist, and that no recording is lost or counted for another series.

use std::{
    collections::BTreeMap,
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

use metrics::{Counter, counter, with_local_recorder};
use metrics_core::{Format, Recipient, Registry, testing::Clock};
use metrics_http::FacadeRecorder;

const EXPIRY: Duration = Duration::from_secs(10);

fn recorder(registry: &Registry) -> FacadeRecorder {
    let builder = FacadeRecorder::builder().registry(registry.clone());
    builder.build().unwrap()
}

/// Returns the values of `jobs_total` by the label `queue`.
fn jobs(text: &str) -> BTreeMap<String, u64> {
    let samples = text.lines().filter_map(|line| {
        let (queue, value) = line
            .strip_prefix("jobs_total{queue=\"")?
            .split_once("\"} ")?;
        Some((queue.to_owned(), value.parse().unwrap()))
    });
    samples.collect()
}

#[test]
fn more_series_than_a_thread_caches_are_exact() {
    const SERIES: usize = 9_000;
    let registry = Registry::new();
    let recorder = recorder(&registry);
    thread::scope(|scope| {
        for thread in 0..2 {
            let recorder = &recorder;
            scope.spawn(move || {
                with_local_recorder(recorder, || {
                    for at in 0..3 * SERIES {
                        // The second thread goes through the series in another order.
                        let series = (at * (1 + 6 * thread)) % SERIES;
                        counter!("jobs", "queue" => series.to_string()).increment(1);
                    }
                });
            });
        }
    });
    let values = jobs(&registry.encode_to_string(Format::Text));
    assert_eq!(values.len(), SERIES);
    assert!(values.values().all(|value| *value == 6));
}

#[test]
fn recorders_that_follow_each_other_do_not_share_series() {
    for round in 1..=300 {
        let registry = Registry::new();
        let recorder = recorder(&registry);
        with_local_recorder(&recorder, || {
            for _ in 0..round {
                counter!("jobs", "queue" => "mail").increment(1);
            }
        });
        drop(recorder);
        let values = jobs(&registry.encode_to_string(Format::Text));
        assert_eq!(values, BTreeMap::from([("mail".to_owned(), round)]));
    }
}

#[test]
fn two_recorders_of_one_thread_are_told_apart() {
    let registries = [Registry::new(), Registry::new()];
    let recorders = registries.each_ref().map(recorder);
    for round in 0..10 {
        with_local_recorder(&recorders[round % 2], || {
            counter!("jobs", "queue" => "mail").increment(1 + round as u64 % 2);
        });
    }
    let texts = registries.map(|registry| registry.encode_to_string(Format::Text));
    assert_eq!(jobs(&texts[0])["mail"], 5);
    assert_eq!(jobs(&texts[1])["mail"], 10);
}

#[test]
fn a_destructor_of_an_ending_thread_records() {
    struct CountsAtEnd(FacadeRecorder);

    impl Drop for CountsAtEnd {
        fn drop(&mut self) {
            count(&self.0, "mail");
        }
    }

    thread_local! {
        static LATE: std::cell::RefCell<Option<CountsAtEnd>> = const { std::cell::RefCell::new(None) };
    }
    let registry = Registry::new();
    let recorder = recorder(&registry);
    let recorder = &recorder;
    thread::scope(|scope| {
        scope.spawn(move || {
            LATE.set(Some(CountsAtEnd(recorder.clone())));
            count(recorder, "mail");
        });
    });
    let values = jobs(&registry.encode_to_string(Format::Text));
    assert_eq!(values["mail"], 2);
}

fn count(recorder: &FacadeRecorder, queue: &'static str) {
    with_local_recorder(recorder, || counter!("jobs", "queue" => queue).increment(1));
}

/// A thread that runs what it is sent.
struct Worker {
    jobs: Sender<Box<dyn FnOnce() + Send>>,
}

impl Worker {
    fn start() -> Self {
        let (jobs, received) = channel::<Box<dyn FnOnce() + Send>>();
        thread::spawn(move || received.iter().for_each(|job| job()));
        Worker { jobs }
    }

    fn run(&self, job: impl FnOnce() + Send + 'static) {
        let (done, is_done) = channel();
        let job = move || {
            job();
            done.send(()).unwrap();
        };
        self.jobs.send(Box::new(job)).unwrap();
        is_done.recv().unwrap();
    }
}

/// Random operations of three threads on series that expire, and a model of their values.
///
/// A series that expires starts again at 0, unless the program has a handle to it.
#[test]
fn threads_record_into_series_that_expire_as_a_model_says() {
    const QUEUES: [&str; 4] = ["fax", "mail", "print", "scan"];
    let registry = Registry::new();
    let builder = FacadeRecorder::builder().registry(registry.clone());
    let recorder = builder.expire(EXPIRY).build().unwrap();
    let clock = Clock::stop();
    let deliver = || {
        let mut out = Vec::new();
        let name = || Recipient::new("scraper");
        let delivery = registry
            .encode_for(name(), Format::Text, &mut out, Duration::MAX, None)
            .unwrap();
        delivery.confirm(name());
        jobs(&String::from_utf8(out).unwrap())
    };
    let workers = [Worker::start(), Worker::start(), Worker::start()];
    let mut handles: [Option<Counter>; 4] = [const { None }; 4];
    let mut values = [0_u64; 4];
    let mut is_exposed = [false; 4];
    let mut exists = [false; 4];
    let mut random: u64 = 1;
    for step in 0..3_000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let number = (random >> 33) as usize;
        let at = number / 64 % 4;
        let queue = QUEUES[at];
        match number % 16 {
            0 | 1 => {
                deliver();
                clock.advance(EXPIRY);
                deliver();
                assert_eq!(deliver(), BTreeMap::new(), "step {step}");
                is_exposed = [false; 4];
            }
            2 => {
                // A handle of another thread's reference to the series.
                let (recorder, (sent, received)) = (recorder.clone(), channel());
                workers[number / 16 % 3].run(move || {
                    let counter = || counter!("jobs", "queue" => queue);
                    sent.send(with_local_recorder(&recorder, counter)).unwrap();
                });
                handles[at] = received.recv().ok();
                is_exposed[at] |= !exists[at];
            }
            3 => handles[at] = None,
            4 if handles[at].is_some() => {
                handles[at].as_ref().unwrap().increment(1);
                (values[at], is_exposed[at]) = (values[at] + 1, true);
            }
            _ => {
                let recorder = recorder.clone();
                workers[number / 16 % 3].run(move || count(&recorder, queue));
                (values[at], is_exposed[at]) = (values[at] + 1, true);
            }
        }
        for at in 0..4 {
            exists[at] = is_exposed[at] || handles[at].is_some();
            values[at] *= u64::from(exists[at]);
        }
        let expected = (0..4).filter(|at| is_exposed[*at]);
        let expected = expected.map(|at| (QUEUES[at].to_owned(), values[at]));
        assert_eq!(deliver(), expected.collect(), "step {step}");
    }
}
