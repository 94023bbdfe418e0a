//! Tests the live page in a browser: the page shows the values of the exposition.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use metrics_http::{
    Collection, Collector, Counter, Desc, Kind, Options, Registry, Server, counted, in_flight,
    metrics, timed,
};
use tests::{Browser, Example, get, wait_until};

metrics! {
    /// Plates <b>washed</b>.
    static WASHED: Counter<(by: &str)> = "kitchen_plates_total";
    /// Plates that are dirty.
    static DIRTY: FloatGauge = "kitchen_dirty_plates";
    /// Time that guests wait.
    #[unit("seconds")]
    #[slo(latency = "50ms", objective = 75)]
    static WAIT: Histogram = "kitchen_wait_seconds";
    /// Size of portions.
    static PORTION: Histogram = "kitchen_portion_bytes";
}

#[timed(slo(latency = "250ms", objective = 99.9))]
#[counted]
#[in_flight]
fn cook(works: bool) -> Result<(), ()> {
    if works { Ok(()) } else { Err(()) }
}

/// Serves the declared metrics and opens the page.
fn open_page() -> (Server, Browser) {
    let server = metrics_http::serve("127.0.0.1:0").unwrap();
    let browser = Browser::start();
    browser.open(&url(&server));
    browser.until("document.getElementById('status').textContent === 'live'");
    (server, browser)
}

fn url(server: &Server) -> String {
    format!("http://{}/", server.local_addr())
}

/// Opens a view by its tab.
fn view(browser: &Browser, id: &str) {
    browser.click(&format!("#tab-{id}"));
    browser.until(&format!(
        "document.querySelector('#tab-{id}[aria-selected=true]')"
    ));
}

/// Types text into the first element that matches a selector.
fn fill(browser: &Browser, selector: &str, text: &str) {
    browser.run(&format!(
        "const it = document.querySelector({selector:?});
         it.value = {text:?};
         it.dispatchEvent(new Event('input'));"
    ));
}

/// Searches for a family and opens it.
fn open_family(browser: &Browser, name: &str) {
    view(browser, "metrics");
    fill(browser, "#search", name);
    browser.until(&format!(
        "[...document.querySelectorAll('.row:not([hidden]) .open .name')]
             .find((it) => it.textContent === {name:?})?.closest('button').click() === undefined
         && document.querySelector('.family[aria-label={name:?}]')"
    ));
    browser.until("document.querySelector('.family .series .row:not(.head):not([hidden])')");
}

/// Returns the texts of the cells in a table's visible rows, in the order shown.
fn rows(browser: &Browser, table: &str) -> Vec<Vec<String>> {
    let rows = browser.run(&format!(
        "return [...document.querySelectorAll({table:?} + ' .row:not(.head):not([hidden])')]
             .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
             .map((row) => [...row.querySelectorAll('.cell')].map((cell) => cell.textContent))"
    ));
    serde_json::from_value(rows).expect("rows of texts")
}

#[track_caller]
fn assert_no_console_errors(browser: &Browser) {
    let complaints = browser.console_errors();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The folder for screenshots.
fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots")
}

#[test]
fn the_page_shows_the_values_of_the_exposition() {
    let (server, browser) = open_page();
    // All tests share these metrics, but only this test records into these two series and this
    // gauge.
    WASHED.with("first").inc_by(41);
    WASHED.with("second").inc_by(1_234_567);
    DIRTY.set(-3.5);
    let exposition = get(&format!("{}metrics", url(&server))).body;
    for (family, label, shown) in [
        ("kitchen_plates_total", "by=\"second\"", "1,234,567"),
        ("kitchen_plates_total", "by=\"first\"", "41"),
        ("kitchen_dirty_plates", "(no labels)", "-3.5"),
    ] {
        open_family(&browser, family);
        let value = shown.replace(',', "");
        let line = exposition
            .lines()
            .find(|line| {
                line.starts_with(family) && (label.starts_with('(') || line.contains(label))
            })
            .expect("the exposition has the series");
        assert!(line.ends_with(&format!(" {value}")), "{line}");
        wait_until(TIMEOUT, shown, || {
            let rows = rows(&browser, ".family .series");
            let row = rows.iter().find(|row| row[0] == label);
            row.filter(|row| row[1] == shown).cloned()
        });
        browser.click(".row.chosen .open");
    }
    assert_no_console_errors(&browser);
}

#[test]
fn a_page_mounted_below_a_path_loads_all_that_it_needs() {
    DIRTY.set(-3.5);
    let routes = Server::builder().routes().unwrap();
    let app: axum::Router = axum::Router::new().nest_service("/internal", routes);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listener.unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { axum::serve(listener, app).await });
    let browser = Browser::start();
    // Without the final slash, to which the server redirects.
    browser.open(&format!("http://{address}/internal"));
    browser.until("document.getElementById('status').textContent === 'live'");
    open_family(&browser, "kitchen_dirty_plates");
    let links = browser.run("return [...document.querySelectorAll('#links a')].map((a) => a.href)");
    let links: Vec<String> = serde_json::from_value(links).expect("addresses");
    assert_eq!(links.len(), 4, "{links:?}");
    for link in links {
        assert!(
            link.starts_with(&format!("http://{address}/internal/")),
            "{link}"
        );
        assert_eq!(get(&link).status, 200, "{link}");
    }
    assert_no_console_errors(&browser);
}

#[test]
fn rates_change_under_load() {
    let (_server, browser) = open_page();
    let load = Load::start(|| {
        let _ = cook(three_times_out_of_four());
        PORTION.observe(512.0);
    });
    let traffic = "document.querySelector('#tile-traffic .value').textContent";
    browser.until(&format!("/^[1-9].*\\/s$/.test({traffic}) && {traffic}"));
    view(&browser, "functions");
    let calls = || {
        let rows = rows(&browser, ".table");
        let row = rows.into_iter().find(|row| row[0].starts_with("cook"))?;
        row.last().cloned().filter(|calls| calls != "0")
    };
    let before = wait_until(TIMEOUT, "calls", calls);
    wait_until(TIMEOUT, "more calls", || calls().filter(|it| *it != before));
    let row = wait_until(TIMEOUT, "all that is told of a function", || {
        let rows = rows(&browser, ".table");
        let row = rows.into_iter().find(|row| row[0].starts_with("cook"))?;
        // Calls per second, errors and quantiles are shown.
        row[1..6].iter().all(|cell| cell != "–").then_some(row)
    });
    assert!(row[2].ends_with(" %"), "{row:?}");
    load.stop();
    assert_no_console_errors(&browser);
}

#[test]
fn metrics_are_sorted_by_the_clicked_column() {
    let (_server, browser) = open_page();
    let _ = cook(true);
    view(&browser, "metrics");
    let names = || {
        let rows = rows(&browser, ".table");
        rows.into_iter()
            .map(|row| row[0].clone())
            .collect::<Vec<_>>()
    };
    wait_until(TIMEOUT, "metrics", || (names().len() > 3).then_some(()));
    let mut sorted = names();
    sorted.sort_by_key(|name| name.to_lowercase());
    assert_eq!(names(), sorted);
    browser.click(".head .cell:first-child .sort");
    browser.until("document.querySelector('.head .cell:first-child[aria-sort=descending]')");
    sorted.reverse();
    assert_eq!(names(), sorted);
    assert_no_console_errors(&browser);
}

#[test]
fn search_matches_names_help_and_labels() {
    let (_server, browser) = open_page();
    WASHED.with("ada").inc();
    view(&browser, "metrics");
    for (text, found, other) in [
        (
            "kitchen dirty",
            "kitchen_dirty_plates",
            "kitchen_portion_bytes",
        ),
        (
            "size of portions",
            "kitchen_portion_bytes",
            "kitchen_dirty_plates",
        ),
        ("by", "kitchen_plates_total", "kitchen_dirty_plates"),
    ] {
        fill(&browser, "#search", text);
        wait_until(TIMEOUT, found, || {
            let rows = rows(&browser, ".table");
            let shows = |name: &str| rows.iter().any(|row| row[0].starts_with(name));
            (shows(found) && !shows(other)).then_some(())
        });
    }
    fill(&browser, "#search", "no such metric");
    browser.until("document.querySelector('.none:not([hidden])')");
    assert_no_console_errors(&browser);
}

#[test]
fn a_metric_is_shown_with_its_chart_and_source_location() {
    let (_server, browser) = open_page();
    WASHED.with("ada").inc();
    open_family(&browser, "kitchen_plates_total");
    let family = browser.text("document.querySelector('.family').textContent");
    assert!(family.contains("tests/tests/page.rs:"), "{family}");
    assert!(family.contains("counter"), "{family}");
    browser.until("document.querySelector('.family .chart canvas')");
    assert_no_console_errors(&browser);
}

#[test]
fn labels_and_help_are_never_interpreted_as_markup() {
    let (_server, browser) = open_page();
    let label = "<script>document.title='caught'</script><img src=x onerror=alert(1)>";
    WASHED.with(label).inc();
    open_family(&browser, "kitchen_plates_total");
    browser.until("document.querySelector('.family .series').textContent.includes('<script>')");
    let family = browser.text("document.querySelector('.family').textContent");
    assert!(family.contains("Plates <b>washed</b>."), "{family}");
    let elements = browser
        .run("return document.querySelectorAll('.panel script, .panel img, .panel b').length");
    assert_eq!(elements, 0);
    assert_ne!(browser.text("document.title"), "caught");
    assert_no_console_errors(&browser);
}

#[test]
fn durations_have_a_heat_map_and_objectives_burn_rates() {
    let (_server, browser) = open_page();
    let load = Load::start(|| {
        let _ = cook(true);
    });
    view(&browser, "histograms");
    // Selects the histogram of `cook`, because idle histograms of other tests may be listed first.
    browser.until(
        "(() => {
            const select = document.querySelector('#histogram');
            const cook = [...select.options].find((it) => it.textContent.startsWith('cook '));
            if (!cook) return false;
            select.value = cook.value;
            select.dispatchEvent(new Event('change'));
            return true;
        })()",
    );
    // Waits until something is drawn in the right half of the heat map, above the axis.
    browser.until(
        "(() => {
            const canvas = document.querySelector('canvas.heat');
            if (!canvas || canvas.width < 300) return false;
            // Read from a copy, because Chromium warns about canvases that are drawn to and read.
            const copy = document.createElement('canvas');
            const [from, width] = [canvas.width / 2, canvas.width / 2 - 20];
            copy.width = width;
            copy.height = canvas.height - 60;
            const ink = copy.getContext('2d', { willReadFrequently: true });
            ink.drawImage(canvas, from, 0, width, copy.height, 0, 0, width, copy.height);
            const { data } = ink.getImageData(0, 0, width, copy.height);
            return data.some((it, at) => at % 4 === 3 && it > 0);
        })()",
    );
    view(&browser, "objectives");
    let burn = "document.querySelector('.objective .burn .value')?.textContent";
    browser.until(&format!("/×$/.test({burn} ?? '')"));
    let card = browser.text("document.querySelector('.objective').textContent");
    assert!(
        card.contains("99.9 % of calls take 250 ms or less"),
        "{card}"
    );
    load.stop();
    assert_no_console_errors(&browser);
}

#[test]
fn rates_continue_across_restarts_and_are_never_negative() {
    let (_server, browser) = open_page();
    // The program restarts after the third point, and a series disappears before the last.
    let increases = browser.run(
        "return import('./-/page/rates.js').then(({ increaseOver, rates }) => {
            const points = [['a', 5], ['a', 8], ['a', 8], ['b', 2], ['b', 1]];
            const told = points.map(([run, value], time) => ({ run, value, time }));
            const value = (point) => point.value;
            return [increaseOver(told, value), rates(told, value)];
        })",
    );
    assert_eq!(increases, serde_json::json!([5, [null, 3, 0, 2, null]]));
    assert_no_console_errors(&browser);
}

#[test]
fn a_declared_histogram_is_checked_against_its_objective() {
    let (_server, browser) = open_page();
    let load = Load::start(|| {
        // Half of the observations are too slow: twice the quarter that the objective allows.
        WAIT.observe(0.01);
        WAIT.observe(1.0);
    });
    view(&browser, "objectives");
    let card = "[...document.querySelectorAll('.objective')]
        .find((it) => it.querySelector('h2').textContent === 'kitchen_wait_seconds')";
    browser.until(&format!(
        "({card})?.querySelector('.burn .value').textContent === '2×'"
    ));
    let text = browser.text(&format!("({card}).textContent"));
    assert!(
        text.contains("75 % of observations take 50 ms or less"),
        "{text}"
    );
    assert!(text.contains("over budget"), "{text}");
    load.stop();
    assert_no_console_errors(&browser);
}

#[test]
fn a_paused_page_requests_nothing() {
    let registry = Registry::new();
    let asked = Arc::new(CountsCalls::default());
    registry.register(asked.clone()).unwrap();
    let server = serving(registry);
    let browser = Browser::start();
    browser.open(&url(&server));
    wait_until(TIMEOUT, "three points", || {
        (asked.times() >= 3).then_some(())
    });
    browser.click("#pause");
    browser.until("document.getElementById('status').textContent === 'paused'");
    assert!(asked.stays_idle());
    browser.press("p");
    let before = asked.times();
    wait_until(TIMEOUT, "it goes on", || {
        (asked.times() > before).then_some(())
    });
    assert_no_console_errors(&browser);
}

#[test]
fn nothing_is_gathered_without_an_open_page() {
    let registry = Registry::new();
    let asked = Arc::new(CountsCalls::default());
    registry.register(asked.clone()).unwrap();
    let server = serving(registry);
    assert!(asked.stays_idle());
    let browser = Browser::start();
    browser.open(&url(&server));
    wait_until(TIMEOUT, "it is asked", || (asked.times() > 0).then_some(()));
    browser.open("about:blank");
    assert!(asked.stays_idle());
}

#[test]
fn the_page_can_be_used_by_keyboard() {
    let (_server, browser) = open_page();
    browser.press("/");
    browser.until("document.activeElement.id === 'search'");
    browser.press("k");
    browser.until("document.getElementById('search').value === 'k'");
    browser.press(ESCAPE);
    browser.press("4");
    browser.until("document.querySelector('#tab-histograms[aria-selected=true]')");
    browser.run("document.getElementById('tab-histograms').focus()");
    browser.press(RIGHT);
    browser.until("document.activeElement.id === 'tab-cardinality'");
    // From the page's first element on, Tab reaches controls of each class below.
    browser.press("3");
    browser.until("document.querySelector('.row:not([hidden]) .open')");
    browser.run("document.querySelector('.skip').focus()");
    let mut reached = Vec::new();
    for _ in 0..20 {
        browser.press(TAB);
        reached.push(browser.text("document.activeElement.className"));
    }
    for class in ["segment", "button", "tab", "search", "sort", "open"] {
        assert!(reached.iter().any(|it| it == class), "{class}: {reached:?}");
    }
    assert_no_console_errors(&browser);
}

#[test]
fn the_page_fits_a_phone_without_horizontal_scrolling() {
    let (_server, browser) = open_page();
    browser.resize(390, 844, true);
    let load = Load::start(|| {
        let _ = cook(true);
        WASHED
            .with("a person with a rather long name, to be told in one line")
            .inc();
    });
    for id in VIEWS {
        view(&browser, id);
        if id == "metrics" {
            open_family(&browser, "kitchen_plates_total");
        }
        let width = browser.run("return document.documentElement.scrollWidth");
        assert_eq!(width, 390, "{id}");
    }
    load.stop();
    assert_no_console_errors(&browser);
}

#[test]
fn the_page_follows_the_systems_dark_mode() {
    let (_server, browser) = open_page();
    let mut backs = Vec::new();
    for scheme in ["light", "dark"] {
        browser.prefer("prefers-color-scheme", scheme);
        browser.until(&format!(
            "matchMedia('(prefers-color-scheme: {scheme})').matches"
        ));
        backs.push(browser.text("getComputedStyle(document.body).backgroundColor"));
    }
    assert_ne!(backs[0], backs[1]);
    assert_no_console_errors(&browser);
}

#[test]
fn the_page_respects_reduced_motion() {
    let (_server, browser) = open_page();
    browser.until("document.getAnimations().length > 0");
    browser.prefer("prefers-reduced-motion", "reduce");
    browser.until("document.getAnimations().length === 0");
}

#[test]
fn ten_thousand_series_are_shown() {
    let server = serving(many(10_000));
    let browser = Browser::start();
    browser.open(&url(&server));
    browser.until("document.getElementById('status').textContent === 'live'");
    open_family(&browser, "warehouse_pieces");
    browser.until("document.querySelector('.family').textContent.includes('of 10,000')");
    assert_no_console_errors(&browser);
}

#[test]
fn a_hundred_thousand_series_keep_the_document_small() {
    let server = serving(many(100_000));
    let browser = Browser::start();
    browser.open(&url(&server));
    browser.until("document.getElementById('status').textContent === 'live'");
    open_family(&browser, "warehouse_pieces");
    browser.until("document.querySelector('.family').textContent.includes('of 100,000')");
    fill(&browser, ".family .search", "shelf 99999");
    browser.until("document.querySelector('.family').textContent.includes('1–1 of 1')");
    let nodes = browser.run("return document.querySelectorAll('*').length");
    let nodes = nodes.as_u64().expect("a number");
    // The update sent each second does not grow with the number of series.
    let feed = browser.until(
        "performance.getEntriesByType('resource')
             .filter((it) => it.name.includes('/feed?') && it.name.includes('since=1'))
             .at(-1)?.decodedBodySize",
    );
    println!("100,000 series: {nodes} elements, {feed} bytes a second");
    assert!(nodes < 2_000, "{nodes} elements");
    let feed = feed.as_u64().expect("a number of bytes");
    assert!(feed < 10_000, "{feed} bytes");
    assert_no_console_errors(&browser);
}

/// Writes screenshots of every view; with `SCREENSHOTS=docs`, also the README's `docs/page.png`.
#[test]
fn the_example_under_load_is_captured_in_screenshots() {
    let example = Example::start(200, Duration::from_mins(10));
    let browser = Browser::start();
    browser.open(&format!("http://{}/", example.metrics()));
    let shot = |name: &str| browser.screenshot(&screenshots().join(format!("{name}.png")));
    browser.prefer("prefers-color-scheme", "light");
    browser.until("/^[1-9]/.test(document.querySelector('#tile-latency .value').textContent)");
    for id in VIEWS {
        view(&browser, id);
        settle(&browser);
        shot(id);
    }
    if let Ok(folder) = std::env::var("SCREENSHOTS") {
        // Wait until the charts have data.
        thread::sleep(Duration::from_mins(1));
        view(&browser, "overview");
        // The window is high enough to show the whole page.
        browser.resize(1280, 980, false);
        settle(&browser);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        browser.screenshot(&root.join(folder).join("page.png"));
        browser.resize(1280, 900, false);
    }
    browser.prefer("prefers-color-scheme", "dark");
    for id in VIEWS {
        view(&browser, id);
        settle(&browser);
        shot(&format!("{id}-dark"));
    }
    browser.resize(390, 844, true);
    for id in VIEWS {
        view(&browser, id);
        settle(&browser);
        let width = browser.run("return document.documentElement.scrollWidth");
        assert_eq!(width, 390, "{id}");
        shot(&format!("{id}-phone"));
    }
    assert_no_console_errors(&browser);
}

/// Waits until pending changes are drawn.
fn settle(browser: &Browser) {
    browser.run("window.drawn = false; requestAnimationFrame(() => requestAnimationFrame(() => { window.drawn = true; }));");
    browser.until("window.drawn");
}

/// Serves only this registry.
fn serving(registry: Registry) -> Server {
    Server::builder()
        .registry(registry)
        .process_metrics(false)
        .build_info(false)
        .serve("127.0.0.1:0")
        .unwrap()
}

/// Creates a registry with a family of this many series, and a counter.
fn many(series: usize) -> Registry {
    let registry = Registry::new();
    let options = Options::new("warehouse_pieces", "Pieces on each shelf.");
    let options = options.labels(["shelf"]).max_series(series + 1);
    let pieces = registry
        .create_family::<metrics_http::Gauge>(options)
        .unwrap();
    for shelf in 0..series as i64 {
        pieces.with(&[&format!("shelf {shelf}")]).set(shelf);
    }
    let orders = Options::new("warehouse_orders_total", "Orders.");
    registry.create::<Counter>(orders).unwrap().inc();
    registry
}

/// A thread that works in a loop until it is stopped.
struct Load {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<()>,
}

impl Load {
    fn start(work: impl Fn() + Send + 'static) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                work();
                // Leaves time for the browser.
                thread::sleep(Duration::from_millis(1));
            }
        });
        Load { stop, thread }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// Returns true in three of every four calls.
fn three_times_out_of_four() -> bool {
    static TURN: AtomicU32 = AtomicU32::new(0);
    !TURN.fetch_add(1, Ordering::Relaxed).is_multiple_of(4)
}

/// A collector that counts its calls.
#[derive(Default)]
struct CountsCalls(AtomicU32);

impl CountsCalls {
    fn times(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether the collector is not called for 2.5 seconds; an open page requests data each second.
    /// Sleeps, because the absence of a call cannot be waited for.
    fn stays_idle(&self) -> bool {
        // Lets a pending request finish.
        thread::sleep(Duration::from_millis(500));
        let before = self.times();
        thread::sleep(Duration::from_millis(2500));
        self.times() == before
    }
}

impl Collector for CountsCalls {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "times_asked", "Times asked.")];
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let times = self.0.fetch_add(1, Ordering::Relaxed);
        out.gauge(&self.descs()[0], &[], f64::from(times));
    }
}

const VIEWS: [&str; 6] = [
    "overview",
    "functions",
    "metrics",
    "histograms",
    "cardinality",
    "objectives",
];
const TIMEOUT: Duration = Duration::from_mins(1);
/// `WebDriver` codes of keys.
const ESCAPE: &str = "\u{E00C}";
const RIGHT: &str = "\u{E014}";
const TAB: &str = "\u{E004}";
