//! Tests the derives with `#[label(flatten)]`, `#[label(skip)]` and `#[label(other)]`.

use std::time::Instant;

use metrics_core::{Format, Label, Labels, counted, encode_to_string, metrics};
use tests::series;

/// The exposed samples of a family, without the family's name.
fn samples(family: &str) -> Vec<String> {
    let text = encode_to_string(Format::Text);
    let lines = text.lines().filter_map(|line| line.strip_prefix(family));
    let samples = lines.filter(|rest| rest.starts_with(['{', ' ']));
    samples.map(|rest| rest.trim_start().to_owned()).collect()
}

#[derive(Label, Clone, Copy)]
enum Zone {
    East,
    West,
}

#[derive(Labels)]
struct Common<'a> {
    zone: Zone,
    tenant: &'a str,
}

#[test]
fn a_flattened_struct_adds_its_labels_in_place() {
    #[derive(Labels)]
    struct Request<'a> {
        secure: bool,
        #[label(flatten)]
        common: Common<'a>,
        route: &'a str,
    }
    metrics! {
        /// Requests.
        static REQUESTS: Counter<Request<'_>> = "derived_requests_total";
    }
    let common = Common {
        zone: Zone::West,
        tenant: "acme",
    };
    REQUESTS
        .with(&Request {
            secure: true,
            common,
            route: "/",
        })
        .inc();
    assert_eq!(
        samples("derived_requests_total"),
        [r#"{secure="true",zone="west",tenant="acme",route="/"} 1"#]
    );
    assert_eq!(Request::NAMES, ["secure", "zone", "tenant", "route"]);
}

#[test]
fn flattened_closed_labels_start_at_zero() {
    #[derive(Labels)]
    struct Place {
        zone: Zone,
    }
    #[derive(Labels)]
    struct Outer {
        #[label(flatten)]
        place: Place,
        open: bool,
    }
    #[derive(Labels)]
    struct Outermost {
        #[label(flatten)]
        outer: Outer,
    }
    metrics! {
        /// Doors.
        static DOORS: Gauge<Outermost> = "derived_doors";
    }
    let outer = Outer {
        place: Place { zone: Zone::East },
        open: true,
    };
    DOORS.with(&Outermost { outer }).set(5);
    assert_eq!(
        samples("derived_doors"),
        [
            r#"{zone="east",open="false"} 0"#,
            r#"{zone="east",open="true"} 5"#,
            r#"{zone="west",open="false"} 0"#,
            r#"{zone="west",open="true"} 0"#,
        ]
    );
}

#[test]
fn a_generic_struct_may_be_flattened() {
    #[derive(Labels)]
    struct With<T> {
        #[label(flatten)]
        inner: T,
        extra: u8,
    }
    metrics! {
        /// Things.
        static THINGS: Counter<With<Common<'_>>> = "derived_things_total";
    }
    let inner = Common {
        zone: Zone::East,
        tenant: "a",
    };
    THINGS.with(&With { inner, extra: 1 }).inc();
    assert_eq!(
        samples("derived_things_total"),
        [r#"{zone="east",tenant="a",extra="1"} 1"#]
    );
}

#[test]
fn a_skipped_field_is_no_label_and_may_have_any_type() {
    #[derive(Labels)]
    struct Job<'a> {
        queue: &'a str,
        #[label(skip)]
        started: Instant,
    }
    metrics! {
        /// Jobs.
        static JOBS: Counter<Job<'_>> = "derived_jobs_total";
    }
    let job = Job {
        queue: "mail",
        started: Instant::now(),
    };
    JOBS.with(&job).inc();
    assert!(job.started.elapsed().as_secs() < 3600);
    assert_eq!(samples("derived_jobs_total"), [r#"{queue="mail"} 1"#]);
}

#[derive(Label)]
enum Method {
    Get,
    #[label(rename = "POST")]
    Post,
    #[label(other)]
    Other(String),
}

#[test]
fn the_variant_for_other_values_shows_its_text() {
    metrics! {
        /// Requests.
        static REQUESTS: Counter<(method: Method)> = "derived_methods_total";
    }
    assert_eq!(Method::VALUES, None);
    assert!(samples("derived_methods_total").is_empty());
    REQUESTS.with(Method::Get).inc();
    REQUESTS.with(Method::Post).inc();
    REQUESTS.with(Method::Other("BREW".to_owned())).inc();
    // `Other` with the value of another variant is the same series as that variant; with an empty
    // value, the series has no label.
    REQUESTS.with(Method::Other("get".to_owned())).inc();
    REQUESTS.with(Method::Other(String::new())).inc();
    assert_eq!(
        samples("derived_methods_total"),
        [
            r#"{method="get"} 2"#,
            r#"{method="POST"} 1"#,
            r#"{method="BREW"} 1"#,
            "1",
        ]
    );
}

#[test]
fn the_text_of_other_values_may_be_any_label() {
    #[derive(Label)]
    enum Status<'a, T> {
        Unknown,
        #[label(other)]
        Code {
            code: &'a T,
        },
    }
    #[counted(outcome = false, labels(status))]
    fn answer(status: &Status<'_, u16>) {
        let _ = status;
    }
    answer(&Status::Code { code: &404 });
    answer(&Status::Unknown);
    assert_eq!(series("function_calls_total", "answer"), "404 1, unknown 1");
}

#[test]
fn an_allow_list_closes_a_label_with_other_values() {
    metrics! {
        /// Requests.
        static REQUESTS: Counter<(#[allow_only("get", "POST")] method: Method)>
            = "derived_allowed_total";
    }
    REQUESTS.with(Method::Post).inc();
    REQUESTS.with(Method::Other("BREW".to_owned())).inc();
    assert_eq!(
        samples("derived_allowed_total"),
        [
            r#"{method="get"} 0"#,
            r#"{method="POST"} 1"#,
            r#"{method="other"} 1"#,
        ]
    );
}
