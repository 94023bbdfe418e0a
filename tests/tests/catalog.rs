//! Tests of the catalogue: the declared metrics as data, available before anything is recorded.

#![allow(clippy::float_cmp, reason = "bounds are what was written")]

use std::{env, fs, panic, path::PathBuf, process::Command};

use metrics_core::{
    Catalog, CatalogFamily, Collection, Collector, Counter, Desc, Histogram, Kind, Label,
    Objective, Options, Registry, catalog, counted, metrics, testing, timed,
};
use tempfile::TempDir;
use tests::check_schema;

#[derive(Label, Clone, Copy)]
enum Cache {
    Hit,
    Miss,
}

#[derive(Label, Clone, Copy)]
enum Phase {
    Starting,
    Running,
}

#[derive(Label)]
enum Reason {
    NotFound,
}

const DECLARED_FROM: u32 = line!();

metrics! {
    /// Links followed | by `cache`.
    static FOLLOWED: Counter<(cache: Cache, host: &str)> = "catalog_links_followed_total";

    /// Time to answer.
    #[unit("seconds")]
    #[buckets(0.1, 1.0)]
    static ANSWER: Histogram = "catalog_answer_seconds";

    /// Sizes.
    #[buckets(native(growth = 2.0, max_buckets = 20))]
    #[max_series(7)]
    #[expire("1h")]
    static SIZES: Histogram<(tenant: &str)> = "catalog_size_bytes";

    /// Queues.
    #[quantiles(0.5, 0.99)]
    static QUEUE: Summary = "catalog_queue_jobs";

    /// What it does.
    static PHASE: StateSet<Phase> = "catalog_phase";

    /// Free descriptors.
    #[computed(|| 17.0)]
    static FREE: Gauge = "catalog_free_descriptors";
}

#[counted(slo(success = 99.5), err(reason: Reason))]
#[timed(slo(latency = "250ms", objective = 99.9))]
fn load() -> Result<(), Reason> {
    Err(Reason::NotFound)
}

#[timed]
async fn wait() {}

fn family(name: &str) -> CatalogFamily {
    let catalog = catalog();
    let family = catalog.family(name);
    family
        .unwrap_or_else(|| panic!("`{name}` is not in the catalogue"))
        .clone()
}

fn values(family: &CatalogFamily, label: &str) -> Option<Vec<String>> {
    let mut labels = family.labels.iter();
    let label = labels.find(|known| known.name == label);
    label
        .unwrap_or_else(|| panic!("no label `{label:?}`"))
        .values
        .clone()
}

#[test]
fn a_declared_metric_is_listed_before_its_first_recording() {
    let answer = family("catalog_answer_seconds");
    assert_eq!(answer.kind, Kind::Histogram);
    assert_eq!(answer.unit.as_deref(), Some("seconds"));
    assert_eq!(answer.help, "Time to answer.");
    assert_eq!(answer.buckets, [0.1, 1.0]);
    assert_eq!(answer.native, None);
    assert_eq!(answer.labels, []);
}

#[test]
fn closed_labels_list_their_values_and_open_labels_their_limit() {
    let followed = family("catalog_links_followed_total");
    assert_eq!(values(&followed, "cache").unwrap(), ["hit", "miss"]);
    assert_eq!(values(&followed, "host"), None);
    assert_eq!(followed.max_series, Some(metrics_core::DEFAULT_MAX_SERIES));
    assert_eq!(family("catalog_answer_seconds").max_series, None);
}

#[test]
fn native_buckets_series_limits_and_expiry_are_listed() {
    let sizes = family("catalog_size_bytes");
    let native = sizes.native.unwrap();
    assert_eq!((native.schema, native.max_buckets), (0, 20));
    assert_eq!(sizes.buckets, [0.0; 0]);
    assert_eq!(sizes.max_series, Some(7));
    assert_eq!(sizes.expire_seconds, Some(3600.0));
}

#[test]
fn quantiles_and_states_are_listed() {
    assert_eq!(family("catalog_queue_jobs").quantiles, [0.5, 0.99]);
    assert_eq!(family("catalog_phase").states, ["starting", "running"]);
}

#[test]
fn a_declaration_is_listed_with_its_source_location() {
    let answer = family("catalog_answer_seconds");
    let [member] = answer.members.as_slice() else {
        panic!("{answer:?}");
    };
    assert!(member.file.ends_with("catalog.rs"), "{member:?}");
    assert!(member.line > DECLARED_FROM, "{member:?}");
    assert_eq!(member.module, "catalog");
}

#[test]
fn each_instrumented_function_is_a_member_of_the_calls_family() {
    let timed = family("function_duration_seconds");
    let member = |function: &str| {
        let is_it = |(name, value): &(String, String)| name == "function" && value == function;
        let mut members = timed.members.iter();
        members
            .find(|member| member.labels.iter().any(is_it))
            .unwrap()
    };
    let latency = Objective::Latency {
        seconds: 0.25,
        percent: 99.9,
    };
    assert_eq!(member("load").objectives, [latency]);
    assert_eq!(member("wait").objectives, []);
    assert!(member("wait").line > member("load").line);
}

#[test]
fn outcome_and_error_labels_list_the_values_of_all_functions() {
    let outcomes = |name| values(&family(name), "outcome").unwrap();
    assert_eq!(outcomes("function_calls_total"), ["ok", "error", "panic"]);
    let of_both = outcomes("function_duration_seconds");
    assert!(of_both.contains(&"cancelled".to_owned()), "{of_both:?}");
    let calls = family("function_calls_total");
    assert_eq!(values(&calls, "reason").unwrap(), ["not_found"]);
    assert!(
        values(&calls, "function")
            .unwrap()
            .contains(&"load".to_owned())
    );
}

#[test]
fn families_of_collectors_are_marked_as_such() {
    let free = family("catalog_free_descriptors");
    assert!(free.collected);
    assert!(free.members[0].line > DECLARED_FROM);
}

struct Pool;

impl Collector for Pool {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(
            Kind::Gauge,
            "pool_connections",
            "Connections open.",
        )];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        out.gauge(&self.descs()[0], &[], 1.0);
    }
}

/// Creates a registry with a labelled counter, a histogram and a collector.
fn shop() -> Registry {
    let registry = Registry::builder()
        .prefix("shop_")
        .label("zone", "b")
        .build()
        .unwrap();
    let options = Options::new("jobs_total", "Jobs.")
        .labels(["queue"])
        .max_series(3);
    registry.create_family::<Counter>(options).unwrap();
    let options = Options::new("wait_seconds", "Time.").buckets([0.5]);
    registry.create::<Histogram>(options).unwrap();
    registry.register(std::sync::Arc::new(Pool)).unwrap();
    registry
}

#[test]
fn the_catalogue_of_a_created_registry_has_its_prefix_and_const_labels() {
    let catalog = shop().catalog();
    let names: Vec<&str> = catalog
        .families
        .iter()
        .map(|family| family.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "shop_jobs_total",
            "shop_pool_connections",
            "shop_wait_seconds"
        ]
    );
    let jobs = catalog.family("shop_jobs_total").unwrap();
    assert_eq!(values(jobs, "zone").unwrap(), ["b"]);
    assert_eq!(values(jobs, "queue"), None);
    assert_eq!(jobs.max_series, Some(3));
    assert!(catalog.family("shop_pool_connections").unwrap().collected);
}

#[test]
fn the_json_matches_its_schema() {
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../metrics-core/catalog.schema.json"
    );
    for catalog in [catalog(), shop().catalog()] {
        check_schema(&catalog.to_json(), schema.as_ref()).unwrap();
    }
    let refused = check_schema(r#"{"version": 2, "families": []}"#, schema.as_ref());
    assert!(refused.is_err());
}

#[test]
fn the_json_omits_absent_fields() {
    let json: serde_json::Value = serde_json::from_str(&shop().catalog().to_json()).unwrap();
    assert_eq!(json["version"], 1);
    let jobs = &json["families"][0];
    assert_eq!(jobs["type"], "counter");
    assert_eq!(jobs["labels"][0]["values"][0], "b");
    assert_eq!(jobs["labels"][1].as_object().unwrap().len(), 1, "{jobs}");
    assert!(jobs.get("buckets").is_none(), "{jobs}");
}

#[test]
fn the_markdown_has_a_table_and_a_section_per_family() {
    let markdown = catalog().to_markdown();
    let row = "| [`catalog_links_followed_total`](#catalog_links_followed_total) | counter |  | \
               `cache`, `host` | Links followed \\| by \\`cache\\`. |\n";
    assert!(markdown.contains(row), "{markdown}");
    let section = "\n### `catalog_links_followed_total`\n\nLinks followed | by \\`cache\\`.\n\n\
                   - type: counter\n- label `cache`: `hit`, `miss`\n- label `host`: any text\n\
                   - at most 10000 series\n- declared at `";
    assert!(markdown.contains(section), "{markdown}");
    assert!(
        markdown.contains("; 99.9 % take 0.25 s or less\n"),
        "{markdown}"
    );
}

/// Returns a path for a lock file in a temporary folder, so that tests do not share it.
fn lock_file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("metrics.lock.json");
    (folder, path)
}

/// Runs the lock test below in its own process with `METRICS_BLESS=1`, which writes the lock file.
fn bless(path: &PathBuf) {
    let program = env::current_exe().unwrap();
    let output = Command::new(program)
        .args(["--exact", "the_lock_file_named_by_the_environment_matches"])
        .env("CATALOG_LOCK", path)
        .env("METRICS_BLESS", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_lock_file_named_by_the_environment_matches() {
    if let Some(path) = env::var_os("CATALOG_LOCK") {
        testing::assert_catalog(path);
    }
}

/// Compares the catalogue with a lock file that it does not match, and returns the panic's message.
fn failure_of(path: &PathBuf) -> String {
    let failed = panic::catch_unwind(|| testing::assert_catalog(path)).unwrap_err();
    *failed.downcast::<String>().unwrap()
}

#[test]
fn a_blessed_lock_file_passes() {
    let (_folder, path) = lock_file();
    bless(&path);
    testing::assert_catalog(&path);
}

#[test]
fn a_missing_lock_file_is_an_error_that_says_how_to_write_it() {
    let (_folder, path) = lock_file();
    let said = failure_of(&path);
    assert!(said.contains("METRICS_BLESS=1"), "{said}");
}

#[test]
fn an_invalid_lock_file_is_refused() {
    let (_folder, path) = lock_file();
    for (text, reason) in [
        ("{", "EOF"),
        (r#"{"version":9,"families":{}}"#, "version 9"),
    ] {
        fs::write(&path, text).unwrap();
        let said = failure_of(&path);
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn additions_are_compatible() {
    let (_folder, path) = lock_file();
    fs::write(&path, r#"{"version":1,"families":{}}"#).unwrap();
    testing::assert_catalog(&path);
}

/// Writes a lock file, applies a change to it, and returns the message of the failed comparison.
fn failure_after(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let (_folder, path) = lock_file();
    bless(&path);
    let mut lock = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut lock);
    fs::write(&path, lock.to_string()).unwrap();
    failure_of(&path)
}

#[test]
fn a_renamed_metric_is_incompatible_and_reported_with_its_new_name() {
    let said = failure_after(|lock| {
        let families = lock["families"].as_object_mut().unwrap();
        let sizes = families.remove("catalog_size_bytes").unwrap();
        families.insert("catalog_old_bytes".to_owned(), sizes);
    });
    let line = "- catalog_old_bytes (histogram) is gone; `catalog_size_bytes` is new";
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_changed_type_unit_or_bucket_list_is_incompatible() {
    let said = failure_after(|lock| {
        let answer = &mut lock["families"]["catalog_answer_seconds"];
        answer["type"] = "summary".into();
        answer["unit"] = "minutes".into();
        answer["buckets"] = [0.1, 2.0].as_slice().into();
    });
    for line in [
        r#"- catalog_answer_seconds: type was "summary", is "histogram""#,
        r#"- catalog_answer_seconds: unit was "minutes", is "seconds""#,
        "- catalog_answer_seconds: buckets was [0.1, 2.0], is [0.1, 1.0]",
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn a_removed_label_value_or_state_is_incompatible() {
    let said = failure_after(|lock| {
        let families = &mut lock["families"];
        let labels = &mut families["catalog_links_followed_total"]["labels"];
        labels["region"] = serde_json::Value::Null;
        labels["cache"] = ["hit", "stale"].as_slice().into();
        families["catalog_phase"]["states"] = ["stopping"].as_slice().into();
    });
    for line in [
        "- catalog_links_followed_total: label `region` is gone",
        r#"- catalog_links_followed_total: label `cache` has lost ["stale"]"#,
        r#"- catalog_phase: states ["stopping"] are gone"#,
    ] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn moving_a_declaration_or_rewording_its_help_is_compatible() {
    let (_folder, path) = lock_file();
    bless(&path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        !text.contains("catalog.rs") && !text.contains("Time to answer"),
        "{text}"
    );
}

fn warnings(kind: Kind, name: &'static str, help: &'static str) -> Vec<String> {
    struct One([Desc; 1]);

    impl Collector for One {
        fn descs(&self) -> &[Desc] {
            &self.0
        }

        fn collect(&self, _: &mut Collection<'_>) {}
    }

    let registry = Registry::new();
    let one = Desc::dynamic(kind, name, help, "").unwrap();
    registry.register(std::sync::Arc::new(One([one]))).unwrap();
    let warnings = registry.catalog().lint();
    warnings.into_iter().map(|warning| warning.text).collect()
}

#[test]
fn conventional_names_cause_no_warning() {
    for (kind, name) in [
        (Kind::Counter, "http_requests_total"),
        (Kind::Gauge, "node_memory_usage_bytes"),
        (Kind::Histogram, "http_request_duration_seconds"),
        (Kind::Gauge, "disk_used_ratio"),
    ] {
        assert_eq!(warnings(kind, name, "Help."), [""; 0], "{name}");
    }
}

#[test]
fn unconventional_names_cause_a_warning() {
    for (kind, name, said) in [
        (Kind::Gauge, "wait_milliseconds", "`seconds`"),
        (Kind::Gauge, "wait_ms", "`seconds`"),
        (Kind::Gauge, "size_kibibytes", "`bytes`"),
        (Kind::Gauge, "used_percent", "`ratio`"),
        (Kind::Gauge, "queue_gauge", "the type is known"),
        (Kind::Gauge, "httpRequests", "`snake_case`"),
        (Kind::Gauge, "job:queue", "recording rules"),
    ] {
        let warnings = warnings(kind, name, "Help.");
        assert!(
            warnings.iter().any(|warning| warning.contains(said)),
            "{name}: {warnings:?}"
        );
    }
    assert_eq!(warnings(Kind::Gauge, "jobs", "").len(), 1);
}

#[test]
fn help_texts_that_differ_cause_a_warning() {
    let registry = Registry::new();
    for help in ["Jobs done.", "Jobs done"] {
        let options = Options::new("jobs_total", help);
        drop(registry.create::<Counter>(options).unwrap());
    }
    let warnings = registry.catalog().lint();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}");
    };
    assert_eq!(warning.text.matches("Jobs done").count(), 2, "{warning}");
    assert_eq!(warning.text.matches("catalog.rs:").count(), 1, "{warning}");
}

#[test]
fn an_expiry_without_effect_causes_a_warning() {
    let registry = Registry::new();
    let create = |registry: &Registry| {
        let options = Options::new("jobs_total", "Jobs done.").labels(["queue"]);
        let options = options.expire(std::time::Duration::from_mins(1));
        registry.create_family::<Counter>(options).unwrap();
    };
    create(&registry);
    assert_eq!(registry.catalog().lint(), []);
    create(&registry);
    let warnings = registry.catalog().lint();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}");
    };
    assert!(warning.text.contains("never expire"), "{warning}");
}

#[test]
fn a_warning_names_the_source_location() {
    let catalog: Catalog = shop().catalog();
    assert_eq!(catalog.lint(), []);
    let registry = Registry::new();
    registry
        .create::<Counter>(Options::new("spent_minutes_total", "Time."))
        .unwrap();
    let warning = registry.catalog().lint()[0].to_string();
    assert!(warning.contains("catalog.rs:"), "{warning}");
    assert!(warning.contains(": spent_minutes_total: "), "{warning}");
}

#[test]
fn the_declared_metrics_can_be_recorded() {
    // The metrics of this file are declared only so that a catalogue lists them. Recording into
    // them must not change the catalogue.
    let before = catalog();
    FOLLOWED.with(Cache::Hit, "example.org").inc();
    FOLLOWED.with(Cache::Miss, "example.org").inc();
    ANSWER.observe(0.5);
    SIZES.with("acme").observe(10.0);
    QUEUE.observe(1.0);
    PHASE.set(Phase::Running);
    assert_eq!(FREE.get(), 17.0);
    let _ = (load(), wait(), Phase::Starting);
    assert_eq!(catalog(), before);
}
