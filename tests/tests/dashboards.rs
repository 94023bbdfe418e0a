//! Tests of generated dashboards: they have the fields that Grafana requires, and every query
//! returns data from a Prometheus.

use std::{collections::HashSet, sync::Arc, time::Duration};

use metrics_core::{
    Catalog, Collection, Collector, Counter, Dashboard, Desc, HistogramSnapshot, Kind, Label,
    Options, Registry, counted, in_flight, metrics, timed,
};
use serde_json::Value;
use tests::{Example, Job, Prometheus, Version, get, wait_until};

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
}

metrics! {
    /// Orders taken.
    static ORDERS: Counter<(express: bool, shop: &str)> = "dash_orders_total";
    /// Orders that wait.
    static WAITING: Gauge = "dash_waiting_orders";
    /// When the last order came.
    static LAST: FloatGauge = "dash_last_order_timestamp_seconds";
    /// Size of orders.
    #[unit("bytes")]
    #[buckets(exponential(1.0, 4.0, 8))]
    static SIZE: Histogram<(express: bool)> = "dash_order_bytes";
    /// Weight of orders.
    #[buckets(native)]
    static WEIGHT: Histogram = "dash_weight_grams";
    /// Prices.
    #[buckets(native, exponential(1.0, 4.0, 8))]
    static PRICE: Histogram = "dash_price_euros";
    /// Time that orders take.
    #[quantiles(0.5, 0.99, 1.0)]
    static TOOK: Summary = "dash_took_seconds";
    /// Length of names.
    static NAME: Summary = "dash_name_letters";
    /// The shop's plan.
    static PLAN: Info<(plan: &str)> = "dash_plan_info";
    /// What the shop does.
    static PHASE: StateSet<Phase> = "dash_phase";
}

#[timed]
#[counted]
#[in_flight]
fn order(express: bool) -> Result<(), String> {
    ORDERS.with(express, "corner").inc();
    WAITING.set(3);
    LAST.set_to_current_time();
    SIZE.with(express).observe(70.0);
    WEIGHT.observe(150.0);
    PRICE.observe(12.5);
    TOOK.observe(0.2);
    NAME.observe(7.0);
    PLAN.set("free");
    PHASE.set(Phase::Running);
    let _ = Phase::Starting;
    Ok(())
}

/// A collector of a gauge histogram, which cannot be declared: the ages of waiting orders.
struct Ages;

static AGES: [Desc; 1] =
    [Desc::new(Kind::GaugeHistogram, "dash_age_seconds", "Ages of orders.").unit("seconds")];

impl Collector for Ages {
    fn descs(&self) -> &[Desc] {
        &AGES
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let buckets = [(1.0, 3), (10.0, 2), (f64::INFINITY, 0)];
        out.gauge_histogram(&AGES[0], &[], HistogramSnapshot::from_buckets(buckets, 9.0));
    }
}

#[test]
fn every_query_for_every_type_returns_data() {
    Registry::global()
        .register(Arc::new(Ages))
        .expect("the name is free");
    let server = metrics_http::serve("127.0.0.1:0").expect("a free port");
    for (version, flags) in [(Version::Debian, &[][..]), (Version::Newer, &[NATIVE][..])] {
        let jobs = [Job::new("example", server.local_addr())];
        let prometheus = Prometheus::start(version, &jobs, flags);
        let catalog = metrics_core::catalog();
        let mut boards = panels(&Dashboard::overview(&catalog));
        boards.extend(panels(&Dashboard::functions(&catalog)));
        // Omits the panels of a metric with native buckets only: without the flag `NATIVE`,
        // Prometheus requests a text format, which has none.
        if version == Version::Debian {
            boards.retain(|panel| !title(panel).starts_with("dash_weight_grams"));
        }
        assert_all_return_data(&prometheus, &boards, || drop(order(true)));
    }
}

#[test]
fn every_query_for_the_example_returns_data() {
    let example = Example::start(LOAD, LASTING);
    let prometheus = Prometheus::scraping(example.metrics());
    for query in ["", "?functions"] {
        let board = get(&format!(
            "http://{}/dashboard.json{query}",
            example.metrics()
        ));
        let board: Value = serde_json::from_str(&board.body).expect("it is JSON");
        assert_all_return_data(&prometheus, &panels_of(&board), || ());
    }
}

/// Asserts that every query returns data: a zero for events that have not occurred. Only the memory
/// limit may be missing, because it may be unset.
#[track_caller]
fn assert_all_return_data(prometheus: &Prometheus, panels: &[Value], keep_working: impl Fn()) {
    let limited = |panel: &&Value| title(panel) != "process_virtual_memory_max_bytes";
    let panels = panels.iter().filter(limited);
    let queries: Vec<String> = panels.flat_map(queries).collect();
    assert!(queries.len() > 10, "too few to be all: {queries:#?}");
    for query in queries {
        wait_until(TIMEOUT, &format!("data of {query}"), || {
            keep_working();
            (!prometheus.query(&query).is_empty()).then_some(())
        });
    }
}

#[test]
fn panels_do_not_overlap() {
    for board in boards() {
        let board: Value = serde_json::from_str(&board.to_json()).expect("it is JSON");
        let mut taken = HashSet::new();
        for panel in list(&board["panels"]) {
            assert_free_place(panel, &mut taken);
            let mut inside = HashSet::new();
            for panel in panel["panels"].as_array().into_iter().flatten() {
                assert_free_place(panel, &mut inside);
            }
        }
    }
}

#[track_caller]
fn assert_free_place(panel: &Value, taken: &mut HashSet<(u64, u64)>) {
    let at = |side: &str| panel["gridPos"][side].as_u64().expect("a number");
    let (x, y, width, height) = (at("x"), at("y"), at("w"), at("h"));
    assert!(x + width <= 24, "{panel} is beyond the edge");
    for x in x..x + width {
        for y in y..y + height {
            assert!(taken.insert((x, y)), "{panel} stands on another");
        }
    }
}

#[test]
fn required_grafana_fields_are_present() {
    for board in boards() {
        let board: Value = serde_json::from_str(&board.to_json()).expect("it is JSON");
        for key in [
            "uid",
            "title",
            "schemaVersion",
            "time",
            "templating",
            "annotations",
        ] {
            assert!(!board[key].is_null(), "no {key}");
        }
        let mut ids = HashSet::new();
        let rows = list(&board["panels"]).iter();
        for panel in rows.chain(&panels_of(&board)) {
            let known = ids.contains(&panel["id"].as_u64().expect("a number"));
            ids.insert(panel["id"].as_u64().expect("a number"));
            assert!(!known || panel["type"] != "row", "two rows have one id");
        }
        for panel in panels_of(&board) {
            let is_known = ["timeseries", "heatmap", "table", "state-timeline"];
            assert!(is_known.contains(&text(&panel["type"])), "{panel}");
            assert!(!text(&panel["description"]).is_empty(), "{panel}");
            assert_eq!(panel["datasource"]["uid"], "${datasource}");
            let letters: HashSet<_> = list(&panel["targets"])
                .iter()
                .map(|target| text(&target["refId"]))
                .collect();
            assert_eq!(letters.len(), list(&panel["targets"]).len(), "{panel}");
        }
    }
}

#[test]
fn a_panel_names_the_declaration_and_its_source_location() {
    let board = panels(&Dashboard::overview(&metrics_core::catalog()));
    let orders = board
        .iter()
        .find(|panel| title(panel) == "dash_orders_total, per second");
    let said = text(&orders.expect("a panel")["description"]);
    assert!(
        said.starts_with("Orders taken.\n\n`dash_orders_total` (counter), declared at "),
        "{said}"
    );
    assert!(said.contains("tests/dashboards.rs:"), "{said}");
}

#[test]
fn the_kind_of_panel_depends_on_the_metric_type() {
    let board = panels(&Dashboard::overview(&metrics_core::catalog()));
    for (panel, kind, unit, query) in [
        (
            "dash_orders_total, per second",
            "timeseries",
            "cps",
            "sum by (express) (rate(dash_orders_total{",
        ),
        (
            "dash_orders_total, by shop",
            "timeseries",
            "cps",
            "topk(20, sum by (shop) (rate(",
        ),
        (
            "dash_waiting_orders",
            "timeseries",
            "short",
            "dash_waiting_orders{job=~\"$job\"",
        ),
        (
            "dash_last_order_timestamp_seconds",
            "timeseries",
            "dateTimeAsIso",
            " * 1000",
        ),
        (
            "dash_order_bytes, distribution",
            "heatmap",
            "bytes",
            "sum by (le) (increase(dash_order_bytes_bucket{",
        ),
        (
            "dash_order_bytes, quantiles",
            "timeseries",
            "bytes",
            "histogram_quantile(0.5, sum by (le) (rate(",
        ),
        (
            "dash_weight_grams, quantiles",
            "timeseries",
            "massg",
            "histogram_quantile(0.5, sum(rate(dash_weight_grams{",
        ),
        (
            "dash_price_euros, quantiles",
            "timeseries",
            "short",
            " or histogram_quantile(0.5, sum(rate(dash_price_euros{",
        ),
        (
            "dash_took_seconds, average",
            "timeseries",
            "s",
            "quantile=\"0.5\"",
        ),
        ("dash_plan_info", "table", "short", "dash_plan_info{"),
        (
            "dash_phase",
            "state-timeline",
            "short",
            "max by (dash_phase) (dash_phase{",
        ),
    ] {
        let found = board.iter().find(|found| title(found) == panel);
        let found = found.unwrap_or_else(|| panic!("no panel {panel}"));
        assert_eq!(text(&found["type"]), kind, "{panel}");
        assert_eq!(
            text(&found["fieldConfig"]["defaults"]["unit"]),
            unit,
            "{panel}"
        );
        let first = text(&found["targets"][0]["expr"]);
        assert!(first.contains(query), "{panel}: {first}");
    }
}

#[test]
fn generation_is_deterministic() {
    let once = Dashboard::overview(&metrics_core::catalog()).to_json();
    assert_eq!(
        once,
        Dashboard::overview(&metrics_core::catalog()).to_json()
    );
}

#[test]
fn a_panel_keeps_its_id_when_metrics_are_added() {
    let catalog = |names: &[&str]| -> Catalog {
        let registry = Registry::new();
        for name in names {
            let options = Options::new(*name, "Counts.");
            registry
                .create::<Counter>(options)
                .expect("the name is free");
        }
        registry.catalog()
    };
    let id = |names| {
        let board = panels(&Dashboard::overview(&catalog(names)));
        let panel = board
            .iter()
            .find(|panel| title(panel) == "b_total, per second");
        panel.expect("a panel")["id"].clone()
    };
    assert_eq!(id(&["b_total"]), id(&["a_total", "b_total", "c_total"]));
}

#[test]
fn labels_become_dashboard_variables() {
    let board = Dashboard::overview(&metrics_core::catalog())
        .datasource("prom-1")
        .to_json();
    let board: Value = serde_json::from_str(&board).expect("it is JSON");
    let variables = list(&board["templating"]["list"]);
    let names: Vec<_> = variables
        .iter()
        .map(|variable| text(&variable["name"]))
        .collect();
    assert_eq!(names[..3], ["datasource", "job", "instance"]);
    assert!(
        names.contains(&"shop") && !names.contains(&"plan"),
        "{names:?}"
    );
    assert_eq!(variables[0]["current"]["value"], "prom-1");
}

fn boards() -> [Dashboard; 2] {
    let catalog = metrics_core::catalog();
    [
        Dashboard::overview(&catalog),
        Dashboard::functions(&catalog),
    ]
}

fn panels(board: &Dashboard) -> Vec<Value> {
    panels_of(&serde_json::from_str(&board.to_json()).expect("it is JSON"))
}

/// Returns all panels except rows, including those inside collapsed rows.
fn panels_of(board: &Value) -> Vec<Value> {
    let outer = list(&board["panels"]).iter();
    outer
        .flat_map(|panel| {
            if panel["type"] == "row" {
                list(&panel["panels"]).to_vec()
            } else {
                vec![panel.clone()]
            }
        })
        .collect()
}

/// Returns the queries of a panel, with label variables set to all values and a rate interval of
/// 10 s.
fn queries(panel: &Value) -> Vec<String> {
    let targets = list(&panel["targets"]).iter();
    let expressions =
        targets.map(|target| text(&target["expr"]).replace("$__rate_interval", "10s"));
    expressions
        .map(|expression| {
            let mut parts = expression.split("\"$");
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |all, part| {
                let (_, rest) = part.split_once('"').expect("a quote that ends");
                format!("{all}\".*\"{rest}")
            })
        })
        .collect()
}

fn title(panel: &Value) -> &str {
    text(&panel["title"])
}

#[track_caller]
fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("expected a string: {value}"))
}

#[track_caller]
fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("expected a list: {value}"))
}

const NATIVE: &str = "--enable-feature=native-histograms";

/// Requests per second of the example's load generator.
const LOAD: u32 = 200;
const LASTING: Duration = Duration::from_mins(3);

const TIMEOUT: Duration = Duration::from_secs(30);
