//! Labels that are absent for some values.

use metrics_core::{Format, Label, Labels, counted, encode_to_string, metrics};
use tests::series;

#[derive(Label, Clone, Copy)]
enum Plan {
    Free,
    Paid,
}

/// The exposed samples of a family, without its name.
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
