//! Tests UTF-8 names: in declarations, in values read back, in checks for clashes, and escaped.

use std::sync::Arc;

use metrics_core::{
    Collection, Collector, Counter, Desc, Escaping, ExpositionFormat, Format, Gauge, Histogram,
    Kind, Label, Labels, MetricFamily, Options, Registry, metrics,
};

#[derive(Label, Clone, Copy)]
enum Method {
    Get,
    Post,
}

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
}

#[derive(Labels)]
#[label(utf8)]
struct Request<'a> {
    #[label(rename = "http.method")]
    method: Method,
    #[label(rename = "Weg \"zum\" Ziel")]
    path: &'a str,
}

metrics! {
    /// Requests.
    #[utf8]
    static REQUESTS: Counter<(#[name("http.method")] method: Method, #[name("花")] flower: &str)>
        = "http.server.requests_total";

    /// Answers.
    #[utf8]
    static ANSWERS: Counter<Request<'_>> = "http.server.answers_total";

    /// Time to answer.
    #[utf8]
    #[unit("seconds")]
    static TIME: Histogram = "http.server.time_seconds";

    /// Phase of the program.
    #[utf8]
    static PHASE: StateSet<Phase> = "program.phase";

    /// Facts about the target.
    #[utf8]
    static TARGET: Info<(#[name("service.name")] name: &str)> = "target.facts_info";

    /// Computed.
    #[utf8]
    #[computed(|| 17.0)]
    static COMPUTED: Gauge = "größe";

    /// Has a label whose name is a keyword of Rust.
    static RENAMED: Counter<(#[name("type")] what: &str)> = "renamed_total";

    /// Has a label with a name and a list of allowed values.
    #[utf8]
    static BOUND: Counter<(#[name("a.b")] #[allow_only("x")] a: &str)> = "bound_total";
}

metrics! {
    prefix = "my-app";

    /// Has the prefix and the name of its static as name.
    #[utf8]
    static WAITING: Gauge;
}

fn family(name: &str) -> MetricFamily {
    let mut families = metrics_core::gather().into_iter();
    families
        .find(|family| family.name == name)
        .unwrap_or_else(|| panic!("no `{name}`"))
}

fn labels(family: &MetricFamily) -> Vec<Vec<(&str, &str)>> {
    family
        .metrics
        .iter()
        .map(|metric| {
            let labels = metric.labels.iter();
            labels.map(|(name, value)| (&**name, &**value)).collect()
        })
        .collect()
}

#[test]
fn a_declaration_can_have_any_utf8_name() {
    assert_eq!(
        family("http.server.time_seconds").unit.as_deref(),
        Some("seconds")
    );
    assert_eq!(family("program.phase").kind, Kind::StateSet);
    assert_eq!(family("größe").kind, Kind::Gauge);
    assert_eq!(family("my-app_waiting").kind, Kind::Gauge);
    TIME.observe(0.1);
    PHASE.set(Phase::Running);
    WAITING.set(1);
    let _ = (COMPUTED.get(), Phase::Starting);
}

#[test]
fn a_label_can_be_named_differently_from_its_parameter() {
    RENAMED.with("a").inc();
    assert_eq!(labels(&family("renamed_total")), [[("type", "a")]]);
}

#[test]
fn labels_are_read_back_by_their_names() {
    REQUESTS.with(Method::Get, "rose").inc();
    REQUESTS.with(Method::Post, "tulip").inc();
    let expected = [
        [("http.method", "get"), ("花", "rose")],
        [("http.method", "post"), ("花", "tulip")],
    ];
    assert_eq!(labels(&family("http.server.requests_total")), expected);
    REQUESTS.retain(|labels| {
        labels.get("http.method").as_deref() == Some("get")
            && labels
                .iter()
                .any(|(name, value)| name == "花" && value == "rose")
    });
    assert_eq!(labels(&family("http.server.requests_total")), expected[..1]);
}

#[test]
fn a_label_struct_can_have_any_utf8_names() {
    let request = Request {
        method: Method::Get,
        path: "a\"b",
    };
    ANSWERS.with(&request).inc();
    assert_eq!(
        labels(&family("http.server.answers_total")),
        [[("http.method", "get"), ("Weg \"zum\" Ziel", "a\"b")]],
    );
}

#[test]
fn an_info_exposes_its_labels_by_their_names() {
    TARGET.set("shop");
    let facts = TARGET.get().unwrap();
    assert_eq!(facts, [("service.name".to_owned(), "shop".to_owned())]);
}

#[test]
fn a_renamed_label_can_have_an_allow_list() {
    BOUND.with("y").inc();
    assert_eq!(BOUND.with("other").get(), 1);
}

#[track_caller]
fn options(name: &str) -> Options {
    Options::new(name, "Of a test.").utf8()
}

#[test]
fn a_dynamic_metric_can_have_any_utf8_name() {
    let registry = Registry::new();
    let refused = registry.create::<Gauge>(Options::new("a.b", "Of a test."));
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("call `utf8()`"), "{message}");
    registry.create::<Gauge>(options("a.b")).unwrap();
}

#[test]
fn a_dynamic_label_can_have_any_utf8_name() {
    let registry = Registry::new();
    let labelled =
        |options: Options| registry.create_family::<Counter>(options.labels(["http.method"]));
    let refused = labelled(Options::new("refused_total", "Of a test."));
    assert!(refused.is_err());
    labelled(options("taken_total"))
        .unwrap()
        .with(&["GET"])
        .inc();
    let families = registry.gather();
    assert_eq!(labels(&families[0]), [[("http.method", "GET")]]);
}

#[test]
fn dynamic_names_with_control_characters_or_leading_underscores_are_refused() {
    let registry = Registry::new();
    for name in ["", "_a.b", "__a.b", "a\nb", "a\0b", "a\u{85}b"] {
        assert!(registry.create::<Gauge>(options(name)).is_err(), "{name:?}");
    }
}

#[test]
fn the_suffix_rules_apply_to_utf8_names() {
    let registry = Registry::new();
    assert!(registry.create::<Counter>(options("a.b")).is_err());
    assert!(registry.create::<Gauge>(options("a.b_total")).is_err());
    let unit = options("a.b").unit("seconds");
    assert!(registry.create::<Gauge>(unit).is_err());
    // A unit must be a legacy name, because scrapers accept a unit neither quoted nor escaped.
    for unit in ["m\\s", "\"", "m.s", "°C", " a", "a b"] {
        let unit = options(&format!("a_{unit}")).unit(unit);
        assert!(registry.create::<Gauge>(unit).is_err());
    }
}

#[test]
fn const_labels_can_have_any_utf8_name() {
    let builder = || Registry::builder().label("cloud.region", "eu");
    assert!(builder().build().is_err());
    let registry = builder().utf8().build().unwrap();
    registry.create::<Gauge>(options("a")).unwrap();
    assert_eq!(labels(&registry.gather()[0]), [[("cloud.region", "eu")]]);
}

#[test]
fn a_prefix_can_be_any_utf8_text() {
    assert!(Registry::builder().prefix("my.app.").build().is_err());
    let registry = Registry::builder()
        .prefix("my.app.")
        .utf8()
        .build()
        .unwrap();
    registry.create::<Gauge>(options("a")).unwrap();
    assert_eq!(registry.gather()[0].name, "my.app.a");
}

#[test]
fn const_labels_that_escape_to_one_name_are_refused() {
    let builder = Registry::builder().label("a.b", "1").label("a_b", "2");
    let message = builder.utf8().build().unwrap_err().to_string();
    assert!(message.contains("`a.b` and `a_b`"), "{message}");
}

/// A collector that writes one gauge series with the given labels.
struct Written([Desc; 1], &'static [(&'static str, &'static str)]);

impl Collector for Written {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.gauge(&self.0[0], self.1, 1.0);
    }
}

fn written(desc: Desc, with: &'static [(&'static str, &'static str)]) -> usize {
    let registry = Registry::new();
    registry.register(Arc::new(Written([desc], with))).unwrap();
    registry
        .gather()
        .iter()
        .map(|family| family.metrics.len())
        .sum()
}

#[test]
fn a_collector_can_write_utf8_labels_if_its_description_allows() {
    let utf8 = || Desc::utf8(Kind::Gauge, "a.b", "Of a test.");
    assert_eq!(written(utf8(), &[("http.method", "GET")]), 1);
    assert_eq!(
        written(utf8(), &[("http.method", "GET"), ("http_method", "PUT")]),
        0
    );
    let legacy = Desc::new(Kind::Gauge, "a_b", "Of a test.");
    assert_eq!(written(legacy, &[("http.method", "GET")]), 0);
}

/// Returns the error of creating two clashing metrics, after checking that it names both lines.
#[track_caller]
fn clash((first, second): (Options, Options), lines: (u32, u32)) -> String {
    let registry = Registry::new();
    registry.create::<Histogram>(first).unwrap();
    let message = registry.create::<Gauge>(second).unwrap_err().to_string();
    for line in [lines.0, lines.1] {
        assert!(message.contains(&format!("utf8.rs:{line}")), "{message}");
    }
    assert_eq!(registry.gather().len(), 1);
    message
}

#[test]
fn families_that_escape_to_one_name_clash() {
    // The three pairs of names clash under the schemes `underscores`, `dots` and `values`,
    // respectively.
    for (a, b) in [("a.b", "a_b"), ("a/b", "a_b"), ("a.b", "U__a_2e_b")] {
        for (a, b) in [(a, b), (b, a)] {
            let (first, line) = (options(a), line!());
            let (second, other) = (options(b), line!());
            let message = clash((first, second), (line, other));
            assert!(message.contains("when names are escaped"), "{message}");
        }
    }
}

#[test]
fn samples_that_escape_to_one_name_clash() {
    let (first, line) = (options("a_b"), line!());
    let (second, other) = (options("a.b.sum"), line!());
    let message = clash((first, second), (line, other));
    assert!(message.contains("`a_b_sum`"), "{message}");
}

#[test]
fn families_that_no_escaping_scheme_unifies_do_not_clash() {
    let registry = Registry::new();
    for name in ["a.b", "a.c", "b_c", "b__c", "花a", "花b"] {
        registry.create::<Gauge>(options(name)).unwrap();
    }
    registry.check().unwrap();
}

#[test]
fn labels_that_escape_to_one_name_clash() {
    let registry = Registry::new();
    let of = options("a_total").labels(["a.b", "a_b"]);
    let message = registry
        .create_family::<Counter>(of)
        .unwrap_err()
        .to_string();
    assert!(message.contains("`a.b` and `a_b`"), "{message}");
}

#[test]
fn a_label_that_escapes_to_a_const_label_clashes() {
    let registry = Registry::builder()
        .label("cloud_region", "eu")
        .build()
        .unwrap();
    let of = options("a_total").labels(["cloud.region"]);
    let message = registry
        .create_family::<Counter>(of)
        .unwrap_err()
        .to_string();
    assert!(message.contains("`cloud_region`"), "{message}");
}

#[test]
fn names_that_escape_to_a_self_metric_are_refused() {
    let registry = Registry::new();
    for name in ["metrics.series", "metrics/series"] {
        assert!(registry.create::<Gauge>(options(name)).is_err(), "{name}");
    }
}

#[test]
fn a_filter_matches_declared_and_escaped_names() {
    let registry = Registry::new();
    registry.create::<Histogram>(options("a.b")).unwrap();
    registry.create::<Gauge>(options("c")).unwrap();
    let lines = |wanted: &str| {
        let mut out = Vec::new();
        registry
            .encode_filtered(Format::Text, &mut out, |name| name == wanted)
            .unwrap();
        out.len()
    };
    for name in [
        "a.b",
        "a.b_bucket",
        "a_b",
        "a_b_sum",
        "a_dot_b_count",
        "U__a_2e_b",
    ] {
        assert!(lines(name) > 0, "{name}");
    }
    assert_eq!(lines("a_c"), 0);
}

metrics! {
    /// The first of two clashing names.
    #[utf8]
    static FIRST: Gauge = "declared.twice";
    /// The second of two clashing names.
    static SECOND: Gauge = "declared_twice";
}

#[test]
fn check_finds_declarations_that_escape_to_one_name() {
    let message = Registry::global().check().unwrap_err().to_string();
    let both = "`declared.twice` (tests/tests/utf8.rs";
    assert!(message.contains(both), "{message}");
    assert!(
        message.contains("`declared_twice` (tests/tests/utf8.rs"),
        "{message}"
    );
    let names: Vec<String> = metrics_core::gather()
        .into_iter()
        .map(|family| family.name)
        .collect();
    assert!(names.iter().any(|name| name == "declared.twice"));
    assert!(names.iter().all(|name| name != "declared_twice"));
    FIRST.set(1);
    SECOND.set(2);
}

/// Creates a registry with UTF-8 names.
fn utf8_registry() -> Registry {
    let builder = Registry::builder().label("cloud.region", "eu");
    let registry = builder.utf8().build().unwrap();
    registry.create::<Gauge>(options("größe")).unwrap().set(1);
    let labelled = options("http.requests_total").labels(["http.method", "under_score"]);
    let requests = registry.create_family::<Counter>(labelled).unwrap();
    requests.with(&["GET", "x"]).inc();
    let spent = options("time.spent").buckets([1.0]);
    registry.create::<Histogram>(spent).unwrap().observe(0.5);
    registry
}

/// Returns the sample lines of an exposition of [`utf8_registry`].
fn samples(exposition: impl Into<ExpositionFormat>) -> Vec<String> {
    let text = utf8_registry().encode_to_string(exposition);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_scraper_that_allows_utf8_reads_quoted_names_in_text() {
    assert_eq!(
        utf8_registry().encode_to_string(Format::TextV1.with_escaping(Escaping::AllowUtf8)),
        r#"# HELP "größe" Of a test.
# TYPE "größe" gauge
{"größe","cloud.region"="eu"} 1
# HELP "http.requests_total" Of a test.
# TYPE "http.requests_total" counter
{"http.requests_total","cloud.region"="eu","http.method"="GET",under_score="x"} 1
# HELP "time.spent" Of a test.
# TYPE "time.spent" histogram
{"time.spent_bucket","cloud.region"="eu",le="1"} 1
{"time.spent_bucket","cloud.region"="eu",le="+Inf"} 1
{"time.spent_sum","cloud.region"="eu"} 0.5
{"time.spent_count","cloud.region"="eu"} 1
"#,
    );
}

#[test]
fn a_scraper_that_allows_utf8_reads_quoted_names_in_openmetrics() {
    assert_eq!(
        utf8_registry().encode_to_string(Format::OpenMetrics.with_escaping(Escaping::AllowUtf8)),
        r#"# TYPE "größe" gauge
# HELP "größe" Of a test.
{"größe","cloud.region"="eu"} 1
# TYPE "http.requests" counter
# HELP "http.requests" Of a test.
{"http.requests_total","cloud.region"="eu","http.method"="GET",under_score="x"} 1
# TYPE "time.spent" histogram
# HELP "time.spent" Of a test.
{"time.spent_bucket","cloud.region"="eu",le="1.0"} 1
{"time.spent_bucket","cloud.region"="eu",le="+Inf"} 1
{"time.spent_sum","cloud.region"="eu"} 0.5
{"time.spent_count","cloud.region"="eu"} 1
# EOF
"#,
    );
}

#[test]
fn other_scrapers_read_underscores() {
    let text = r#"# HELP gr__e Of a test.
# TYPE gr__e gauge
gr__e{cloud_region="eu"} 1
# HELP http_requests_total Of a test.
# TYPE http_requests_total counter
http_requests_total{cloud_region="eu",http_method="GET",under_score="x"} 1
# HELP time_spent Of a test.
# TYPE time_spent histogram
time_spent_bucket{cloud_region="eu",le="1"} 1
time_spent_bucket{cloud_region="eu",le="+Inf"} 1
time_spent_sum{cloud_region="eu"} 0.5
time_spent_count{cloud_region="eu"} 1
"#;
    assert_eq!(utf8_registry().encode_to_string(Format::Text), text);
    assert_eq!(utf8_registry().encode_to_string(Format::TextV1), text);
}

#[test]
fn text_0_0_4_has_no_quoted_names() {
    let asked = Format::Text.with_escaping(Escaping::AllowUtf8);
    assert_eq!(samples(asked), samples(Format::Text));
}

#[test]
fn a_sample_has_the_same_name_in_every_format() {
    for (escaping, expected) in [
        (
            Escaping::Dots,
            [
                r#"gr____e{cloud_dot_region="eu"} 1"#,
                r#"http_dot_requests__total{cloud_dot_region="eu",http_dot_method="GET",under__score="x"} 1"#,
                r#"time_dot_spent_bucket{cloud_dot_region="eu",le="+Inf"} 1"#,
            ],
        ),
        (
            Escaping::Values,
            [
                r#"U__gr_f6__df_e{U__cloud_2e_region="eu"} 1"#,
                r#"U__http_2e_requests__total{U__cloud_2e_region="eu",U__http_2e_method="GET",under_score="x"} 1"#,
                r#"U__time_2e_spent_bucket{U__cloud_2e_region="eu",le="+Inf"} 1"#,
            ],
        ),
    ] {
        for format in [Format::Text, Format::TextV1, Format::OpenMetrics] {
            let lines = samples(format.with_escaping(escaping));
            for line in expected {
                assert!(lines.iter().any(|found| found == line), "{line}\n{lines:?}");
            }
        }
    }
}

#[test]
fn a_state_set_has_its_states_in_a_label_of_its_own_name() {
    PHASE.set(Phase::Running);
    let text = |exposition: ExpositionFormat| {
        let mut out = Vec::new();
        Registry::global()
            .encode_filtered(exposition, &mut out, |name| name == "program.phase")
            .unwrap();
        String::from_utf8(out).unwrap()
    };
    let quoted = text(Format::OpenMetrics.with_escaping(Escaping::AllowUtf8));
    let line = r#"{"program.phase","program.phase"="running"} 1"#;
    assert!(quoted.lines().any(|found| found == line), "{quoted}");
    let escaped = text(Format::Text.into());
    let line = r#"program_phase{program_phase="running"} 1"#;
    assert!(escaped.lines().any(|found| found == line), "{escaped}");
}

/// Escaping keeps a `:` in a metric name but not in a label name, so the state's label would differ
/// from the metric's name.
#[test]
fn a_state_set_with_a_colon_in_name_or_prefix_is_refused() {
    struct States([Desc; 1]);

    impl Collector for States {
        fn descs(&self) -> &[Desc] {
            &self.0
        }

        fn collect(&self, out: &mut Collection<'_>) {
            out.state_set(&self.0[0], &[], &[("on", true)]);
        }
    }

    let states = || Arc::new(States([Desc::new(Kind::StateSet, "phase", "Phases.")]));
    let registry = Registry::builder().prefix("app:").build().unwrap();
    let message = registry.register(states()).unwrap_err().to_string();
    assert!(
        message.contains("`app:phase`") && message.contains("`:`"),
        "{message}"
    );
    let utf8 = || Desc::utf8(Kind::StateSet, "my:phase", "Phases.");
    std::panic::catch_unwind(utf8).expect_err("the name is refused");
}

#[test]
fn a_unit_is_written_if_the_escaped_name_ends_in_it() {
    let registry = Registry::new();
    let of = |name: &str, unit: &str| options(name).unit(unit);
    registry
        .create::<Counter>(of("a_seconds_total", "seconds"))
        .unwrap();
    registry.create::<Gauge>(of("b.c_bytes", "bytes")).unwrap();
    let units = |escaping| {
        let text = registry.encode_to_string(Format::OpenMetrics.with_escaping(escaping));
        let lines = text.lines().filter_map(|line| line.strip_prefix("# UNIT "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let plain = ["a_seconds seconds", "b_c_bytes bytes"];
    assert_eq!(units(Escaping::Underscores), plain);
    // With dots, the counter becomes `a__seconds__total` and its family `a__seconds_`, which does
    // not end in the unit.
    assert_eq!(units(Escaping::Dots), ["b_dot_c__bytes bytes"]);
    assert_eq!(
        units(Escaping::Values),
        ["a_seconds seconds", "U__b_2e_c__bytes bytes"]
    );
    assert_eq!(
        units(Escaping::AllowUtf8),
        ["a_seconds seconds", "\"b.c_bytes\" bytes"]
    );
}

#[test]
fn expositions_with_different_escaping_do_not_share_names() {
    let registry = utf8_registry();
    let utf8 = Format::TextV1.with_escaping(Escaping::AllowUtf8);
    let first = registry.encode_to_string(utf8);
    let underscores = registry.encode_to_string(Format::TextV1);
    assert_ne!(first, underscores);
    assert_eq!(registry.encode_to_string(utf8), first);
}
