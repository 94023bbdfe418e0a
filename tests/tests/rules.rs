//! Tests that generated alerting rules fire when an objective is missed, and only then.

use std::time::Duration;

use metrics_core::{Format, Registry, Rules, catalog, counted, metrics, timed};
use tests::{
    Job, Prometheus, Refusal, Version, promtool_check_rules, promtool_test_rules, wait_until,
};

#[counted(slo(success = 99.9))]
fn pay(works: bool) -> Result<(), String> {
    works.then_some(()).ok_or_else(String::new)
}

#[timed(slo(latency = "250ms", objective = 99.9))]
fn answer() {}

#[timed(slo(latency = "1s", objective = 99))]
fn think() {}

#[timed(
    name = "post_sort_seconds",
    buckets(0.000_05, 0.1),
    slo(latency = "50us", objective = 99)
)]
fn sort() {}

metrics! {
    /// Time that letters are under way.
    #[buckets(1.0, 10.0)]
    #[slo(latency = "10s", objective = 90)]
    static DELIVERY: Histogram<(express: bool)> = "post_delivery_seconds";
    /// Time that letters wait, in classic and native buckets; Prometheus stores either kind.
    #[buckets(native, 0.5, 1.0)]
    #[slo(latency = "500ms", objective = 90)]
    static QUEUED: Histogram = "post_queued_seconds";
    /// Time to stamp a letter. Without decimal arithmetic, the third bound is not 300 ms.
    #[buckets(linear(0.1, 0.1, 10))]
    #[slo(latency = "300ms", objective = 90)]
    static STAMPED: Histogram = "post_stamped_seconds";
}

mod lenient {
    use super::metrics;

    metrics! {
        /// Time to weigh a letter.
        #[buckets(0.1, 1.0)]
        #[slo(latency = "100ms", objective = 90)]
        pub(super) static WEIGHED: Histogram = "post_weighed_seconds";
    }
}

mod strict {
    use super::metrics;

    metrics! {
        /// Time to weigh a letter.
        #[buckets(0.1, 1.0)]
        #[slo(latency = "100ms", objective = 99)]
        pub(super) static WEIGHED: Histogram = "post_weighed_seconds";
    }
}

/// A function with an objective that lets half of the calls fail: even if all fail, its budget
/// burns too slowly for a page.
#[counted(slo(success = 50))]
fn gamble() -> Result<(), String> {
    Ok(())
}

#[test]
fn promtool_accepts_the_rules() -> Result<(), Refusal> {
    promtool_check_rules(&rules().to_yaml())?;
    promtool_check_rules(&Rules::of(&catalog()).to_yaml())?;
    promtool_check_rules(&rules().scale_windows(1.0 / 120.0).to_yaml())?;
    promtool_check_rules(&Registry::new().catalog().rules().to_yaml())
}

#[test]
fn a_fast_burn_pages() -> Result<(), Refusal> {
    case(
        PAY,
        &calls("0+80x120", "0+20x120"),
        "2h",
        &[(FAST, 1), (SLOW, 1)],
    )
}

#[test]
fn a_moderate_burn_pages_after_six_hours() -> Result<(), Refusal> {
    // 0.8 % of calls fail, 8 times as many as the budget allows: too few for the one-hour rule.
    case(PAY, &calls("0+992x400", "0+8x400"), "6h30m", &[(FAST, 1)])
}

#[test]
fn a_slow_burn_opens_a_ticket() -> Result<(), Refusal> {
    case(
        PAY,
        &calls("0+9985x720", "0+15x720"),
        "12h",
        &[(FAST, 0), (SLOW, 1)],
    )
}

#[test]
fn errors_within_the_budget_fire_no_alert() -> Result<(), Refusal> {
    case(
        PAY,
        &calls("0+9995x720", "0+5x720"),
        "12h",
        &[(FAST, 0), (SLOW, 0)],
    )
}

#[test]
fn no_calls_fire_no_alert() -> Result<(), Refusal> {
    case(
        PAY,
        &calls("0+0x120", "0+0x120"),
        "2h",
        &[(FAST, 0), (SLOW, 0)],
    )
}

#[test]
fn a_page_resolves_when_the_errors_stop() -> Result<(), Refusal> {
    let burst = calls("0+80x160", "0+20x60 1200+0x100");
    case(PAY, &burst, "1h", &[(FAST, 1)])?;
    case(PAY, &burst, "1h40m", &[(FAST, 0)])
}

#[test]
fn cancelled_calls_do_not_count_as_errors() -> Result<(), Refusal> {
    let series = format!(
        "{}{}",
        calls("0+50x120", "0+0x120"),
        call("cancelled", "0+50x120")
    );
    case(PAY, &series, "2h", &[(FAST, 0), (SLOW, 0)])
}

#[test]
fn slow_calls_fire_a_page() -> Result<(), Refusal> {
    let slow = durations("answer", "0.25", "0+80x120", "0+100x120");
    case("answer", &slow, "2h", &[(FAST, 1), (SLOW, 1)])?;
    let quick = durations("answer", "0.25", "0+100x120", "0+100x120");
    case("answer", &quick, "2h", &[(FAST, 0), (SLOW, 0)])
}

#[test]
fn a_declared_histogram_is_checked_against_its_objective() -> Result<(), Refusal> {
    for (name, le) in [
        ("post_delivery_seconds", "10.0"),
        ("post_queued_seconds", "0.5"),
    ] {
        let labels = r#"job="shop",instance="a""#;
        let bucket = format!(r#"{name}_bucket{{{labels},le="{le}"}}"#);
        let count = format!("{name}_count{{{labels}}}");
        for (quick, alerts) in [("0+30x120", 1), ("0+98x120", 0)] {
            let series = [series(&bucket, quick), series(&count, "0+100x120")].concat();
            case_of(FAST, &format!(r#",metric="{name}""#), &series, "2h", alerts)?;
        }
    }
    DELIVERY.with(true).observe(3.0);
    QUEUED.observe(0.1);
    Ok(())
}

#[test]
fn a_bound_of_whole_seconds_matches_both_spellings() -> Result<(), Refusal> {
    for le in ["1", "1.0"] {
        let slow = durations("think", le, "0+80x120", "0+100x120");
        case("think", &slow, "2h", &[(FAST, 1)])?;
    }
    Ok(())
}

/// The formats write bounds below 0.0001 with an exponent.
#[test]
fn rules_match_a_bound_as_it_is_exposed() {
    sort();
    STAMPED.observe(0.25);
    let text = Registry::global().encode_to_string(Format::Text);
    let rules = rules().to_yaml();
    for bound in ["5e-05", "0.3"] {
        assert!(text.contains(&format!("le=\"{bound}\"")), "{text}");
        // The quotes are escaped, because the rule's expression is a string in YAML.
        assert!(rules.contains(&format!("le=\\\"{bound}\\\"")), "{rules}");
    }
}

#[test]
fn of_objectives_that_differ_in_their_percentage_the_strictest_has_rules() {
    lenient::WEIGHED.observe(0.05);
    strict::WEIGHED.observe(0.05);
    let catalog = catalog();
    let yaml = Rules::of(&catalog).to_yaml();
    let alerts = yaml.split("- alert: ").skip(1);
    let of_weighed: Vec<&str> = alerts
        .filter(|alert| alert.contains("\"metric\": \"post_weighed_seconds\""))
        .collect();
    assert_eq!(of_weighed.len(), 2, "{yaml}");
    for alert in of_weighed {
        assert!(alert.contains("99 % must take 0.1 s or less"), "{alert}");
    }
    let warnings = catalog.lint();
    let mut of_weighed = warnings
        .iter()
        .filter(|warning| warning.family == "post_weighed_seconds");
    let warning = of_weighed.next().unwrap();
    assert!(
        warning.text.contains("of 90 % has no rules") && warning.text.contains("demands 99 %"),
        "{warning}"
    );
    assert_eq!(of_weighed.next(), None);
}

#[test]
fn an_unreachable_burn_rate_gives_no_rule() {
    let yaml = rules().to_yaml();
    let fast = |function: &str| {
        let alerts = yaml.split("- alert: ");
        let mut fast = alerts.filter(|alert| alert.starts_with("\"ErrorBudgetBurnsFast\""));
        fast.any(|alert| alert.contains(&format!("\"function\": \"{function}\"")))
    };
    assert!(fast("pay") && !fast("gamble"), "{yaml}");
}

#[test]
fn a_target_that_is_down_or_gone_pages() -> Result<(), Refusal> {
    let up = |values: &str| series(r#"up{job="shop",instance="a"}"#, values);
    case_of("TargetDown", "", &up("1x3 0x10"), "12m", 1)?;
    case_of("TargetDown", "", &up("1x20"), "12m", 0)?;
    case_of("TargetAbsent", "", &up("1x20"), "12m", 0)?;
    case_of("TargetAbsent", "", &series("other", "1x20"), "12m", 1)
}

#[test]
fn overflow_rejections_and_collector_errors_fire_an_alert() -> Result<(), Refusal> {
    for (alert, counter) in [
        (
            "SeriesOverflow",
            r#"metrics_overflowed_total{job="shop",family="a"}"#,
        ),
        (
            "ValuesRejected",
            r#"metrics_rejected_total{job="shop",family="a",reason="value"}"#,
        ),
        (
            "CollectorFails",
            r#"metrics_collector_errors_total{job="shop",collector="a"}"#,
        ),
    ] {
        case_of(alert, "", &series(counter, "0x5 3x10"), "10m", 1)?;
        case_of(alert, "", &series(counter, "_x5 3x10"), "10m", 1)?;
        case_of(alert, "", &series(counter, "7x40"), "30m", 0)?;
        // A restart during which nothing fails.
        case_of(alert, "", &series(counter, "7x20 _x20"), "30m", 0)?;
    }
    Ok(())
}

#[test]
fn scrapes_logins_and_reloads_that_fail_fire_an_alert() -> Result<(), Refusal> {
    let errors = |cause| format!(r#"metrics_http_errors_total{{job="shop",cause="{cause}"}}"#);
    for (alert, cause, most) in [
        ("ScrapesFail", "scrape_rejected", 2),
        ("ScrapesFail", "exposition_aborted", 2),
        ("ScrapesFail", "scrape_timeout", 2),
        ("LoginsFail", "login", 10),
        ("ReloadFails", "reload", 0),
    ] {
        let counted = |count: u32| series(&errors(cause), &format!("_x5 {count}x10"));
        case_of(alert, "", &counted(most), "10m", 0)?;
        case_of(alert, "", &counted(most + 1), "10m", 1)?;
        case_of(alert, "", &series(&errors("host"), "_x5 99x10"), "10m", 0)?;
    }
    Ok(())
}

#[test]
fn a_family_near_its_cardinality_limit_fires_an_alert() -> Result<(), Refusal> {
    let ratio = r#"metrics_series_limit_ratio{job="shop",family="a"}"#;
    case_of("SeriesNearLimit", "", &series(ratio, "0.8x10"), "5m", 0)?;
    case_of("SeriesNearLimit", "", &series(ratio, "0.85x10"), "5m", 1)
}

#[test]
fn the_alerts_in_the_documents_are_valid() -> Result<(), Refusal> {
    let document = include_str!("../../docs/operating.md");
    let blocks = document.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let alerts: Vec<&str> = blocks.filter(|block| block.contains("- alert:")).collect();
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    for (at, alerts) in alerts.iter().enumerate() {
        let rules = alerts.lines().map(|line| format!("      {line}\n"));
        let rules: String = rules.collect();
        let groups = format!("groups:\n  - name: \"{at}\"\n    rules:\n{rules}");
        promtool_check_rules(&groups)?;
    }
    Ok(())
}

#[test]
fn an_alert_names_the_problem_and_the_source_location() {
    let yaml = rules().severities("wake", "mail").to_yaml();
    for part in [
        "summary: \"rules::pay fails too often\"",
        "description: \"rules::pay: 99.9 % must succeed, and {{ $value | humanizePercentage }}",
        "declared at tests/tests/rules.rs:",
        "summary: \"rules::answer is too slow\"",
        "99.9 % must take 0.25 s or less",
        "\"severity\": \"wake\"",
        "\"severity\": \"mail\"",
    ] {
        assert!(yaml.contains(part), "no {part} in:\n{yaml}");
    }
    assert_eq!(yaml, rules().severities("wake", "mail").to_yaml());
}

#[test]
fn without_a_job_no_target_rule_is_generated() {
    let yaml = Rules::of(&catalog()).to_yaml();
    assert!(
        !yaml.contains("TargetDown") && !yaml.contains("job=\\\""),
        "{yaml}"
    );
}

#[test]
fn an_error_burst_fires_and_resolves_in_prometheus() {
    let server = metrics_http::serve("127.0.0.1:0").expect("a free port");
    // Scales the windows so that an hour becomes half a minute and 5 minutes become 2.5 seconds.
    let rules = rules().scale_windows(1.0 / 120.0).to_yaml();
    let jobs = [Job::new("shop", server.local_addr())];
    let prometheus = Prometheus::start_with_rules(Version::Debian, &jobs, &[], &rules);
    let firing = || {
        let firing =
            r#"ALERTS{alertname="ErrorBudgetBurnsFast",alertstate="firing",function="pay"}"#;
        prometheus.query(firing).len()
    };

    wait_until(TIMEOUT, "a share of good calls", || {
        pay(true).expect("it works");
        let share = r#"{__name__="job:objective_misses:ratio_rate2s500ms",function="pay"} == 0"#;
        (!prometheus.query(share).is_empty()).then_some(())
    });
    assert_eq!(firing(), 0);

    wait_until(TIMEOUT, "an alert", || {
        pay(false).expect_err("it does not work");
        (firing() == 1).then_some(())
    });
    wait_until(TIMEOUT, "the alert's end", || {
        pay(true).expect("it works");
        (firing() == 0).then_some(())
    });
    answer();
    think();
    gamble().expect("it works");
}

#[test]
fn objectives_work_with_native_buckets_alone() {
    let server = metrics_http::serve("127.0.0.1:0").expect("a free port");
    let rules = rules().scale_windows(1.0 / 120.0).to_yaml();
    let jobs = [Job::new("shop", server.local_addr())];
    let flags = ["--enable-feature=native-histograms"];
    let prometheus = Prometheus::start_with_rules(Version::Newer, &jobs, &flags, &rules);
    let misses = || {
        let misses =
            r#"{__name__="job:objective_misses:ratio_rate2s500ms",metric="post_queued_seconds"}"#;
        prometheus.value(misses)
    };

    wait_until(TIMEOUT, "a share of quick letters", || {
        QUEUED.observe(0.1);
        misses().filter(|share| share.abs() < 1e-9)
    });
    assert_eq!(prometheus.query("post_queued_seconds_bucket").len(), 0);
    wait_until(TIMEOUT, "an alert", || {
        QUEUED.observe(2.0);
        let firing = r#"ALERTS{alertname="ErrorBudgetBurnsFast",alertstate="firing",metric="post_queued_seconds"}"#;
        (prometheus.query(firing).len() == 1).then_some(())
    });
    // The alert fires before all letters are slow, so the window may still contain quick letters.
    wait_until(TIMEOUT, "a share of slow letters", || {
        QUEUED.observe(2.0);
        misses().filter(|share| *share > 0.9)
    });
}

fn rules() -> Rules {
    Rules::of(&catalog()).job("shop")
}

/// Checks with promtool how many alerts of each name fire for a function at the time `at`.
fn case(function: &str, series: &str, at: &str, alerts: &[(&str, u32)]) -> Result<(), Refusal> {
    for &(alert, count) in alerts {
        case_of(
            alert,
            &format!(r#",function="{function}""#),
            series,
            at,
            count,
        )?;
    }
    Ok(())
}

fn case_of(alert: &str, labels: &str, series: &str, at: &str, count: u32) -> Result<(), Refusal> {
    let firing = format!(r#"ALERTS{{alertname="{alert}",alertstate="firing"{labels}}}"#);
    let cases = format!(
        "rule_files: [rules.yml]\n\
         evaluation_interval: 1m\n\
         tests:\n\
         - interval: 1m\n\
         \x20 input_series:\n{series}\
         \x20 promql_expr_test:\n\
         \x20 - expr: 'count({firing}) or vector(0)'\n\
         \x20   eval_time: {at}\n\
         \x20   exp_samples: [{{labels: '{{}}', value: {count}}}]\n"
    );
    promtool_test_rules(&rules().to_yaml(), &cases)
}

/// Returns the input series of successful and failed calls of `pay`, one value per minute.
fn calls(ok: &str, error: &str) -> String {
    format!("{}{}", call("ok", ok), call("error", error))
}

fn call(outcome: &str, values: &str) -> String {
    let labels =
        format!(r#"job="shop",instance="a",function="pay",module="rules",outcome="{outcome}""#);
    series(&format!("function_calls_total{{{labels}}}"), values)
}

/// Returns the input series of calls that took up to `le` seconds, and of all calls.
fn durations(function: &str, le: &str, quick: &str, all: &str) -> String {
    let labels = format!(r#"job="shop",instance="a",function="{function}",module="rules""#);
    let bucket = format!(r#"function_duration_seconds_bucket{{{labels},le="{le}"}}"#);
    let count = format!("function_duration_seconds_count{{{labels}}}");
    format!("{}{}", series(&bucket, quick), series(&count, all))
}

fn series(name: &str, values: &str) -> String {
    format!("  - {{series: '{name}', values: '{values}'}}\n")
}

const PAY: &str = "pay";
const FAST: &str = "ErrorBudgetBurnsFast";
const SLOW: &str = "ErrorBudgetBurnsSlowly";

const TIMEOUT: Duration = Duration::from_mins(1);
