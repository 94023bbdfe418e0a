//! Tests of a server in a program whose metrics clash.

mod support;

use std::sync::{Arc, Mutex};

use metrics_http::{Server, metrics, serve};

use support::get;

metrics! {
    /// Requests.
    static REQUESTS: Counter = "clashing_requests_total";
    /// Requests.
    static REQUESTS_BY_PATH: Counter<(path: &str)> = "clashing_requests_total";
    /// Jobs.
    static JOBS: Counter = "clashing_jobs_total";
}

#[test]
fn the_error_of_a_clash_says_how_to_start_nevertheless() {
    let error = serve("127.0.0.1:0").unwrap_err().to_string();
    assert!(error.contains("`clashing_requests_total`"), "{error}");
    assert!(
        error.contains("`Server::builder().on_clash(..)`"),
        "{error}"
    );
}

#[test]
fn a_server_can_start_without_the_metrics_that_clash() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let reported = Arc::clone(&reports);
    let server = Server::builder()
        .on_clash(move |clash| reported.lock().unwrap().push(clash.to_string()))
        .serve("127.0.0.1:0")
        .unwrap();
    REQUESTS.inc();
    REQUESTS_BY_PATH.with("/").inc();
    JOBS.inc_by(3);
    let reply = get(&server, "/metrics");
    for line in [
        "clashing_jobs_total 3\n",
        "metrics_rejected_total{family=\"clashing_requests_total\",reason=\"clash\"} 1\n",
    ] {
        assert!(reply.text().contains(line), "{line}{}", reply.text());
    }
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!(reports[0].matches("clashes.rs:").count(), 2, "{reports:?}");
}
