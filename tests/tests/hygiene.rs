//! Expansions name everything by its full path.

#![deny(
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    keyword_idents_2024,
    macro_use_extern_crate,
    meta_variable_misuse,
    missing_abi,
    missing_copy_implementations,
    missing_debug_implementations,
    non_ascii_idents,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unused,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences,
    reason = "a user's lints have nothing to say about expansions"
)]

#[no_implicit_prelude]
mod without_prelude {
    use ::core::prelude::v1::derive;
    use ::metrics_core::{Label, Labels, counted, in_flight, metrics, timed};

    #[derive(Label)]
    pub(super) enum Cache {
        Hit,
        #[label(rename = "lost")]
        Miss(#[allow(dead_code)] u8),
    }

    #[derive(Labels)]
    pub(super) struct Request<'a, L: Label> {
        pub(super) cache: L,
        #[label(rename = "path")]
        pub(super) route: &'a str,
    }

    metrics! {
        /// A counter.
        pub(super) static COUNTED: Counter<(cache: Cache)> = "bare_counted_total";
        /// A histogram.
        #[unit("seconds")]
        #[buckets(exponential(0.1, 2.0, 5))]
        #[max_series(10)]
        pub(super) static TOOK: Histogram<Request<'_, bool>> = "bare_took_seconds";
        /// A summary.
        #[quantiles(0.5)]
        pub(super) static SIZE: Summary = "bare_size";
        /// A state.
        pub(super) static STATE: StateSet<Cache> = "bare_state";
        /// Facts.
        pub(super) static FACTS: Info<(version: &str)> = "bare_info";
        /// A computed one.
        #[computed(|| 1.0)]
        pub(super) static COMPUTED: Gauge = "bare_computed";
    }

    #[counted(labels(cache: Cache = Cache::Miss(n)))]
    #[timed(name = "bare_sync_seconds", buckets(1))]
    #[in_flight]
    pub(super) fn sync(n: u8) -> ::core::result::Result<u8, ()> {
        ::core::result::Result::Ok(n)
    }

    #[counted]
    #[timed]
    #[in_flight]
    pub(super) async fn asynchronous(n: u8) -> ::core::result::Result<u8, ()> {
        ::core::result::Result::Ok(n)
    }

    #[counted]
    #[timed]
    pub(super) fn plain() {}
}

/// Everything that an expansion could mean by accident.
#[allow(dead_code)]
mod shadowed {
    use ::metrics_core::{Label, Labels, counted, in_flight, metrics, timed};

    pub(super) mod std {}
    pub(super) mod core {}
    pub(super) mod alloc {}
    pub(super) mod metrics_core {}
    pub(super) mod inventory {}

    #[derive(Debug, Clone, Copy)]
    pub(super) struct Result;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Option;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Some;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct None;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Ok;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Err;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Counter;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Kind;
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Deref;
    pub(super) trait FnOnce {}
    pub(super) trait FnMut {}
    pub(super) trait Future {}

    #[derive(Label)]
    pub(super) enum Cache {
        Some,
        None,
    }

    #[derive(Labels)]
    pub(super) struct Request<'a> {
        pub(super) cache: Cache,
        pub(super) path: &'a str,
    }

    metrics! {
        /// A counter.
        pub(super) static COUNTED: Counter<(cache: Cache)> = "shadow_counted_total";
        /// A histogram.
        pub(super) static TOOK: Histogram<Request<'_>> = "shadow_took_seconds";
        /// A state.
        pub(super) static STATE: StateSet<Cache> = "shadow_state";
        /// A computed one.
        #[computed(|| 1.0)]
        pub(super) static COMPUTED: Gauge = "shadow_computed";
    }

    #[counted]
    #[timed]
    #[in_flight]
    pub(super) fn not_a_result(value: Result) -> Result {
        value
    }

    #[counted(labels(cache: Cache = Cache::None))]
    #[timed]
    #[in_flight]
    pub(super) async fn a_result() -> ::core::result::Result<(), u8> {
        ::core::result::Result::Err(1)
    }
}

/// The crate under another name.
mod renamed {
    pub(crate) use metrics_core as m;
}

mod through_another_path {
    use crate::renamed::m::{Label, Labels, counted, in_flight, metrics, timed};

    #[derive(Label)]
    #[label(crate = crate::renamed::m)]
    pub(super) enum Cache {
        Hit,
    }

    #[derive(Labels)]
    #[label(crate = crate::renamed::m, rename_all = "snake_case")]
    pub(super) struct Request {
        pub(super) cache: Cache,
    }

    metrics! {
        /// A counter.
        pub(super) static COUNTED: Counter<Request> = "renamed_counted_total";
        /// A computed one.
        #[computed(|| 1.0)]
        pub(super) static COMPUTED: Gauge = "renamed_computed";
    }

    #[counted(crate = crate::renamed::m, labels(cache: Cache = Cache::Hit))]
    #[timed(crate = crate::renamed::m)]
    #[in_flight(crate = crate::renamed::m)]
    pub(super) fn sync() -> Result<(), ()> {
        Ok(())
    }

    #[counted(crate = crate::renamed::m)]
    pub(super) async fn asynchronous() {}
}

fn text() -> String {
    metrics_core::encode_to_string(metrics_core::Format::Text)
}

fn run<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("nothing to wait for"),
    }
}

#[test]
fn expansions_do_without_the_prelude() {
    use without_prelude::{COMPUTED, COUNTED, Cache, FACTS, Request, SIZE, STATE, TOOK};

    COUNTED.with(Cache::Miss(1)).inc();
    let request = Request {
        cache: true,
        route: "/",
    };
    TOOK.with(&request).observe(1.0);
    SIZE.observe(1.0);
    STATE.set(Cache::Hit);
    FACTS.set("1");
    let _ = &COMPUTED;
    without_prelude::plain();
    assert_eq!(without_prelude::sync(1), Ok(1));
    assert_eq!(run(without_prelude::asynchronous(1)), Ok(1));
    let text = text();
    assert!(text.contains("bare_counted_total{cache=\"lost\"} 1"));
    assert!(text.contains("bare_took_seconds_count{cache=\"true\",path=\"/\"} 1"));
    assert!(text.contains("function=\"sync\""));
    assert!(text.contains("bare_computed 1"));
}

#[test]
fn expansions_do_not_look_at_names_around_them() {
    use shadowed::{COMPUTED, COUNTED, Cache, Request, Result, STATE, TOOK};

    COUNTED.with(Cache::None).inc();
    let request = Request {
        cache: Cache::Some,
        path: "/",
    };
    TOOK.with(&request).observe(1.0);
    STATE.set(Cache::None);
    let _ = &COMPUTED;
    let _ = shadowed::not_a_result(Result);
    assert_eq!(run(shadowed::a_result()), Err(1));
    let text = text();
    assert!(text.contains("shadow_counted_total{cache=\"none\"} 1"));
    let counted = |line: &&str| line.starts_with("function_calls_total");
    let calls: Vec<&str> = text.lines().filter(counted).collect();
    let shows = |parts: &[&str]| {
        let has = |line: &&&str| parts.iter().all(|part| line.contains(part));
        calls.iter().find(has).is_some()
    };
    assert!(shows(&["\"not_a_result\"", "\"ok\"} 1"]));
    assert!(!shows(&["\"not_a_result\"", "\"error\""]));
    assert!(shows(&["\"a_result\"", "cache=\"none\"", "\"error\"} 1"]));
}

#[test]
fn expansions_name_the_crate_by_the_path_they_are_given() {
    use through_another_path::{COMPUTED, COUNTED, Cache, Request};

    COUNTED.with(&Request { cache: Cache::Hit }).inc();
    let _ = &COMPUTED;
    assert_eq!(through_another_path::sync(), Ok(()));
    run(through_another_path::asynchronous());
    assert!(text().contains("renamed_counted_total{cache=\"hit\"} 1"));
}
