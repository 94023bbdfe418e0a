//! Tests labels that are optional, formatted with `Display`, or have a `#[cfg]`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    path::Path,
};

use metrics_core::{Format, Label, Labels, counted, encode_to_string, measure, metrics};
use tests::{assert_panics, series};

#[derive(Label, Clone, Copy)]
enum Plan {
    Free,
    Paid,
}

/// The exposed samples of a family, without the family's name.
fn samples(family: &str) -> Vec<String> {
    let text = encode_to_string(Format::Text);
    let lines = text.lines().filter_map(|line| line.strip_prefix(family));
    let samples = lines.filter(|rest| rest.starts_with(['{', ' ']));
    samples.map(|rest| rest.trim_start().to_owned()).collect()
}

#[test]
fn a_closed_optional_label_starts_at_zero_with_and_without_the_label() {
    metrics! {
        /// Visits.
        static VISITS: Counter<(plan: Option<Plan>, new: bool)> = "labels_closed_total";
    }
    VISITS.with(None, true).inc();
    VISITS.with(Some(Plan::Paid), false).inc();
    assert_eq!(
        samples("labels_closed_total"),
        [
            r#"{new="false"} 0"#,
            r#"{new="true"} 1"#,
            r#"{plan="free",new="false"} 0"#,
            r#"{plan="free",new="true"} 0"#,
            r#"{plan="paid",new="false"} 1"#,
            r#"{plan="paid",new="true"} 0"#,
        ]
    );
}

#[test]
fn none_and_the_empty_text_are_one_series_without_the_label() {
    metrics! {
        /// Visits.
        static VISITS: Counter<(user: Option<&str>)> = "labels_open_total";
    }
    VISITS.with(None).inc();
    VISITS.with(Some("")).inc();
    VISITS.with(Some("ann")).inc();
    assert_eq!(samples("labels_open_total"), ["2", r#"{user="ann"} 1"#]);
}

#[test]
fn an_optional_string_is_recorded_from_borrowed_text() {
    metrics! {
        /// Visits.
        static VISITS: Counter<(user: Option<String>)> = "labels_string_total";
    }
    let user = "ann".to_owned();
    VISITS.with(Some(&user)).inc();
    assert_eq!(samples("labels_string_total"), [r#"{user="ann"} 1"#]);
}

#[test]
fn an_optional_label_with_an_allow_list_is_absent_for_none() {
    metrics! {
        /// Requests.
        static REQUESTS: Counter<(#[allow_only("GET")] method: Option<&str>)>
            = "labels_allowed_total";
    }
    for method in [None, Some(""), Some("GET"), Some("BREW")] {
        REQUESTS.with(method).inc();
    }
    assert_eq!(
        samples("labels_allowed_total"),
        ["2", r#"{method="GET"} 1"#, r#"{method="other"} 1"#]
    );
}

#[test]
fn a_struct_may_have_optional_labels() {
    #[derive(Labels)]
    struct Visit<'a> {
        plan: Option<Plan>,
        user: Option<&'a str>,
        page: Option<String>,
    }
    metrics! {
        /// Visits.
        static VISITS: Counter<Visit<'_>> = "labels_struct_total";
    }
    let visit = |plan, user, page: Option<&str>| Visit {
        plan,
        user,
        page: page.map(str::to_owned),
    };
    VISITS.with(&visit(None, None, None)).inc();
    VISITS
        .with(&visit(Some(Plan::Free), Some("ann"), Some("/")))
        .inc();
    assert_eq!(
        samples("labels_struct_total"),
        ["1", r#"{plan="free",user="ann",page="/"} 1"#]
    );
}

#[test]
fn an_optional_argument_is_an_optional_label() {
    #[counted(name = "labels_argument_total", outcome = false, labels(plan, user))]
    fn visit(plan: Option<Plan>, user: Option<String>) -> usize {
        user.map_or(0, |user| user.len()) + usize::from(plan.is_some())
    }
    visit(None, None);
    visit(Some(Plan::Free), Some("ann".to_owned()));
    assert_eq!(series("labels_argument_total", "visit"), "1, free ann 1");
}

#[test]
fn an_optional_label_of_a_result_has_one_series_for_none() {
    #[counted(
        name = "labels_result_total",
        outcome = false,
        labels(on_return(plan: Option<Plan> = |plan| *plan))
    )]
    fn plan(plan: Option<Plan>) -> Option<Plan> {
        plan
    }
    plan(None);
    plan(Some(Plan::Paid));
    assert_eq!(series("labels_result_total", "plan"), "1, free 0, paid 1");
}

#[test]
fn an_optional_label_of_an_info_is_absent_for_none() {
    metrics! {
        /// The build.
        static BUILD: Info<(version: &str, commit: Option<&str>)> = "labels_build_info";
    }
    BUILD.set("1", None);
    assert_eq!(samples("labels_build_info"), [r#"{version="1"} 1"#]);
    BUILD.set("1", Some("abc"));
    assert_eq!(
        samples("labels_build_info"),
        [r#"{version="1",commit="abc"} 1"#]
    );
}

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn a_label_of_a_list_may_be_formatted_with_display() {
    metrics! {
        /// Connections.
        static OPENED: Counter<(
            #[label(display)] peer: IpAddr,
            #[label(display)] via: Option<IpAddr>,
            #[label(display)] file: std::path::Display<'_>,
        )> = "labels_displayed_total";
    }
    let file = Path::new("/tmp/a");
    OPENED.with(LOCALHOST, None, file.display()).inc();
    OPENED
        .with(LOCALHOST, Some(LOCALHOST), file.display())
        .inc();
    assert_eq!(
        samples("labels_displayed_total"),
        [
            r#"{peer="127.0.0.1",file="/tmp/a"} 1"#,
            r#"{peer="127.0.0.1",via="127.0.0.1",file="/tmp/a"} 1"#,
        ]
    );
    assert!(OPENED.remove(LOCALHOST, None, file.display()));
}

#[test]
fn an_allow_list_applies_to_the_formatted_text() {
    metrics! {
        /// Grades.
        static GRADES: Counter<(#[label(display)] #[allow_only("a", "b")] grade: char)>
            = "labels_grades_total";
    }
    GRADES.with('a').inc();
    GRADES.with('x').inc();
    assert_eq!(
        samples("labels_grades_total"),
        [
            r#"{grade="a"} 1"#,
            r#"{grade="b"} 0"#,
            r#"{grade="other"} 1"#,
        ]
    );
}

#[test]
fn a_field_of_a_struct_may_be_formatted_with_display() {
    #[derive(Labels)]
    struct Peer<T> {
        #[label(display)]
        address: T,
        #[label(display, rename = "proxy")]
        via: Option<T>,
        secure: bool,
    }
    metrics! {
        /// Connections.
        static OPENED: Counter<Peer<IpAddr>> = "labels_peers_total";
    }
    let peer = |via| Peer {
        address: LOCALHOST,
        via,
        secure: true,
    };
    OPENED.with(&peer(None)).inc();
    OPENED.with(&peer(Some(LOCALHOST))).inc();
    assert_eq!(
        samples("labels_peers_total"),
        [
            r#"{address="127.0.0.1",secure="true"} 1"#,
            r#"{address="127.0.0.1",proxy="127.0.0.1",secure="true"} 1"#,
        ]
    );
}

#[test]
fn arguments_fields_and_expressions_may_be_formatted_with_display() {
    struct Server {
        address: IpAddr,
    }
    impl Server {
        #[counted(outcome = false, labels(%self.address, %grade, %via, file = %path.display()))]
        fn open(&self, grade: char, via: Option<IpAddr>, path: &Path) -> usize {
            usize::from(via.is_some()) + path.as_os_str().len() + grade.len_utf8()
        }
    }
    let server = Server { address: LOCALHOST };
    server.open('a', None, Path::new("/"));
    server.open('b', Some(LOCALHOST), Path::new("/"));
    assert_eq!(
        series("function_calls_total", "open"),
        "127.0.0.1 a / 1, 127.0.0.1 b 127.0.0.1 / 1"
    );
    measure!("labels opened", counted(outcome = false, labels(peer = %server.address)), || ());
    assert_eq!(
        series("function_calls_total", "labels opened"),
        "127.0.0.1 1"
    );
}

#[test]
fn display_may_record_into_the_metric_that_has_the_label() {
    metrics! {
        /// Recordings.
        static RECORDED: Counter<(#[label(display)] text: Recording)> = "labels_recorded_total";
    }
    struct Recording(&'static str, Option<Box<Recording>>);
    impl fmt::Display for Recording {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if let Some(inner) = &self.1 {
                RECORDED.with(Recording(inner.0, None)).inc();
            }
            f.write_str(self.0)
        }
    }
    let inner = || Some(Box::new(Recording("inner", None)));
    RECORDED.with(Recording("outer", inner())).inc();
    RECORDED.with(Recording(LONG, inner())).inc();
    let samples = samples("labels_recorded_total");
    assert!(
        samples.contains(&r#"{text="outer"} 1"#.to_owned()),
        "{samples:?}"
    );
    assert!(
        samples.contains(&format!(r#"{{text="{LONG}"}} 1"#)),
        "{samples:?}"
    );
    assert!(
        samples
            .iter()
            .any(|sample| sample.starts_with(r#"{text="inner"}"#))
    );
}

/// Longer than the text that is formatted without an allocation.
const LONG: &str = "a text of more than sixty-four bytes, which has to be formatted on the heap";

#[test]
fn a_panic_of_display_is_passed_on_and_an_error_ends_the_text() {
    metrics! {
        /// Recordings.
        static RECORDED: Counter<(#[label(display)] text: Failing)> = "labels_failing_total";
    }
    enum Failing {
        Panic,
        Error,
    }
    impl fmt::Display for Failing {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("begun")?;
            match self {
                Failing::Panic => tests::fail(),
                Failing::Error => Err(fmt::Error),
            }
        }
    }
    assert_panics(|| RECORDED.with(Failing::Panic).inc());
    RECORDED.with(Failing::Error).inc();
    assert_eq!(samples("labels_failing_total"), [r#"{text="begun"} 1"#]);
}

#[test]
fn a_label_with_a_condition_exists_if_the_condition_holds() {
    metrics! {
        /// Files.
        static FILES: Counter<(
            #[cfg(any())] missing: Unknown,
            #[cfg(all())] user: &str,
            #[cfg(any())]
            #[allow_only("a")]
            path: u8,
            #[cfg(all())]
            #[name("path")]
            file: &str,
        )> = "labels_files_total";
        /// Doors.
        static DOORS: Gauge<(#[cfg(any())] room: &str)> = "labels_doors";
    }
    FILES.with("ann", "/tmp").inc();
    DOORS.set(2);
    assert_eq!(
        samples("labels_files_total"),
        [r#"{user="ann",path="/tmp"} 1"#]
    );
    assert_eq!(samples("labels_doors"), ["2"]);
}
